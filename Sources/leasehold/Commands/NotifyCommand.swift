import ArgumentParser
import Client
import Wire

struct NotifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notify", abstract: "Where you are told what will happen to a lease.",
    discussion: """
      Before time runs out, service stops or data goes, the provider tells each contact of the lease: what happens when, \
      what it costs to prevent it, and an address where it can be paid. At most five, gone when the lease is.

        leasehold notify @last --webhook https://example.com/hook
        leasehold notify @last --email me@example.com --invoice
        leasehold notify @last --nostr npub1… --relay wss://relay.example
        leasehold notify list @last
        leasehold notify remove @last CONTACT

      A webhook is signed as Standard Webhooks has it; its secret is shown once, here. An e-mail address and a key of \
      Nostr are asked first: nothing more goes there until you follow the link. Messages over Nostr are private (NIP-17).
      """,
    subcommands: [Add.self, List.self, Remove.self], defaultSubcommand: Add.self)

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "One more contact.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Option(help: "Where signed requests go: https://…") var webhook: String?
    @Option(help: "An address of e-mail.") var email: String?
    @Option(help: "A public key of Nostr: npub1…") var nostr: String?
    @Flag(help: "Put the invoice itself into each message, not only a link that makes one.") var invoice = false
    @Option(help: "With --nostr: where messages are left, wss://… Up to three times; left out: at the provider's own.")
    var relay: [String] =
      []

    func validate() throws {
      guard [webhook, email, nostr].compactMap(\.self).count == 1 else {
        throw ValidationError("give one of --webhook, --email and --nostr")
      }
    }

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        let contact = ContactRequest(
          webhook: webhook, email: email, nostr: nostr, relays: relay.isEmpty ? nil : relay,
          invoice: invoice ? true : nil)
        session.put(try await session.client.addContact(contact, to: lease)) { ContactView.made($0) }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The lease's contacts, masked.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.contacts(of: lease)) { ContactView.table($0.items) }
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "remove", abstract: "Take a contact away, with everything that is on its way there.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Argument(help: "Its name: see 'notify list'.") var contact: String

    func run() async throws {
      try await Session.run(options, of: lease) { try await $0.client.removeContact(contact, of: $1) }
    }
  }
}

/// Contacts, for people.
enum ContactView {
  /// Which way is meant is seen from how the address is written.
  static func request(_ address: String) -> ContactRequest {
    if address.contains("://") { return ContactRequest(webhook: address) }
    return address.hasPrefix("npub1") ? ContactRequest(nostr: address) : ContactRequest(email: address)
  }

  static func made(_ contact: ContactDocument) -> String {
    var text = "told at \(contact.to ?? contact.channel)\n"
    if let secret = contact.secret { text += "secret \(secret)\n" }
    if !contact.confirmed { text += "nothing more is sent there until the link in the message was followed\n" }
    return text
  }

  static func table(_ contacts: [ContactDocument]) -> String {
    guard !contacts.isEmpty else { return "nobody is told; 'leasehold notify LEASE --webhook URL' changes that\n" }
    var table = Table("CONTACT", "CHANNEL", "TO", "STATE")
    for contact in contacts {
      let state =
        !contact.confirmed
        ? "not confirmed yet"
        : contact.failingSince.map { "nothing arrives since \(Human.time($0))" }
          ?? contact.deliveredAt.map { "last told \(Human.time($0))" } ?? "not told yet"
      table.add([contact.contact, contact.channel, contact.to ?? "-", state])
    }
    return table.text
  }
}
