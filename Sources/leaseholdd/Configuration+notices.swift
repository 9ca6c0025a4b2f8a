import Engine
import L402
import Nostr
import Notices
import Relays

extension Configuration {
  /// How renters are told what will happen, where they ask for it.
  struct Notices: Sendable {
    /// Addresses that webhooks may go to although they are not public.
    var webhookAllow: [AddressRange]
    /// The program that sends mail, and whom it comes from; `nil`: no mail is sent.
    var email: (sendmail: String, from: EmailAddress)?
    /// `nil`: nothing is sent over Nostr.
    var nostr: Nostr?

    /// Private messages over relays.
    struct Nostr: Sendable {
      /// Where messages are left for renters who name no relay of their own.
      var relays: [String]
      /// Blocks that are reached although they are not public, such as those of a relay of the provider's own.
      var allowed: [AddressRange]

      var reachable: ReachableAddresses { ReachableAddresses(allowing: allowed) }
    }

    /// - Parameters:
    ///   - provider: its name, for people.
    ///   - key: what messages are signed with that their sender signs.
    func messengers(of provider: String, signedBy key: NostrSecretKey) throws -> [any Messenger] {
      var all: [any Messenger] = [WebhookMessenger(ReachableHosts(ReachableAddresses(allowing: webhookAllow)))]
      if let email { all.append(EmailMessenger(sendmail: email.sendmail, from: email.from, provider: provider)) }
      if let nostr {
        all.append(
          try NostrMessenger(reaching: nostr.reachable, signedBy: key, from: provider, relays: nostr.relays))
      }
      return all
    }
  }
}

extension Configuration.Notices {
  /// - Parameter publicURL: where renters find us; empty: unknown, and nothing is sent that leads to us.
  init(_ yaml: YAMLReader, publicURL: String) throws {
    try yaml.allow("webhook_allow", "sendmail", "email_from", "nostr", "nostr_relays", "nostr_allow")
    webhookAllow = try Self.ranges(yaml["webhook_allow"])
    nostr = try Self.nostr(yaml, publicURL: publicURL)
    guard let sendmail = try yaml["sendmail"].optionalString() else { return }
    guard sendmail.hasPrefix("/") else { throw yaml["sendmail"].fault("expected an absolute path: /usr/sbin/sendmail") }
    guard let from = EmailAddress(try yaml["email_from"].string()) else {
      throw yaml["email_from"].fault("expected whom mail comes from: rent@example.com")
    }
    email = (sendmail, from)
    // Otherwise a link in a mail would lead to wherever the request that asked for it said that we are.
    guard !publicURL.isEmpty else {
      throw yaml["sendmail"].fault("mails have links to us: say where renters find us in http.public_url")
    }
  }

  /// Messages have links to us, as mails have: without a place that the provider has named there are none.
  private static func nostr(_ yaml: YAMLReader, publicURL: String) throws -> Nostr? {
    let relays = try yaml["nostr_relays"].items.map { item in
      let text = try item.string()
      guard RelayAddress(text) != nil else { throw item.fault("expected a relay: wss://relay.example") }
      return text
    }
    guard relays.count <= NostrMessenger.mostRelays else {
      throw yaml["nostr_relays"].fault("at most \(NostrMessenger.mostRelays)")
    }
    let nostr = Nostr(relays: relays, allowed: try ranges(yaml["nostr_allow"]))
    guard try yaml["nostr"].boolean(default: !publicURL.isEmpty) else { return nil }
    guard !publicURL.isEmpty else {
      throw yaml["nostr"].fault("messages have links to us: say where renters find us in http.public_url")
    }
    return nostr
  }

  private static func ranges(_ yaml: YAMLReader) throws -> [AddressRange] {
    try yaml.items.map { item in
      guard let range = AddressRange(try item.string()) else {
        throw item.fault("expected an address or a block of them: 10.0.0.0/8")
      }
      return range
    }
  }
}

extension MasterKeyring {
  /// What the provider's messages over Nostr are signed with.
  var nostrKey: NostrSecretKey {
    guard let key = NostrSecretKey(bytes: messagingSecret.array) else {
      // One of 2^128 is none, and it would be met by nobody.
      preconditionFailure("32 bytes of a derivation are a scalar of the curve")
    }
    return key
  }
}
