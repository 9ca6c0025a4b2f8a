import ArgumentParser
import Client
import Wire

struct AddressCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "address", abstract: "Addresses for clients that pay, and keep no credential.",
    discussion: """
      Some clients drop their credential when they are asked to pay again. An address says which lease they mean: who \
      comes by it without a credential may buy more time, and is given no more than the address allows. It is a secret, \
      and shown once.

        leasehold address make @last --capabilities read,pay --path /photos
        leasehold address list @last
        leasehold address revoke @last TOKEN
      """,
    subcommands: [Make.self, List.self, Revoke.self], defaultSubcommand: Make.self)

  struct Make: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "make", abstract: "A new address of a lease.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Option(help: "What is bought there may do, at the most: some of read,write,exec,control,pay,refund.")
    var capabilities: String?
    @Option(help: "This file or folder only.") var path: String?

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        let names = capabilities?.split(separator: ",").map(String.init(_:))
        let answer = try await session.client.makeAddress(of: lease, capabilities: names, path: path)
        session.put(answer) { ($0.address ?? "") + "\n" }
        if !session.isJSON, !session.isQuiet { Terminal.remark("token \(answer.document.token)") }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The lease's addresses, by name.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.addresses(of: lease)) { list in
          guard !list.items.isEmpty else { return "no addresses\n" }
          var table = Table("TOKEN", "CAPABILITIES", "PATH", "MADE")
          for item in list.items {
            table.add([
              item.token, item.capabilities.joined(separator: ","), item.path ?? "-", Human.time(item.createdAt),
            ])
          }
          return table.text
        }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Revoke an address, and all credentials that were bought there.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Argument(help: "Its name: see 'address list'.") var token: String

    func run() async throws {
      try await Session.run(options, of: lease) { try await $0.client.revokeAddress(token, of: $1) }
    }
  }
}
