import Engine
import L402
import Nostr
import Notices
import Relays
import Units

/// Whether renters can be reached: where webhooks go, whether mail goes out, whether relays answer.
extension Doctor {
  /// Where clouds keep credentials of the machines that ask: nobody means to let renters reach that.
  private static let metadata = ["169.254.169.254", "fd00:ec2::254"].compactMap { IPAddress($0) }
  private static let loopback = ["127.0.0.1", "::1"].compactMap { IPAddress($0) }

  /// What a list of allowed blocks comes to, in words.
  ///
  /// - Parameter setting: its name in the configuration.
  static func reach(_ allowed: [AddressRange], _ setting: String) throws -> String {
    guard !allowed.isEmpty else { return "public addresses alone" }
    for address in metadata where allowed.contains(where: { $0.contains(address) }) {
      throw Complaint(
        "\(setting) lets renters reach \(address), where clouds keep credentials of machines: allow the hosts that are "
          + "meant, and no more")
    }
    let words = "public addresses and \(allowed.map(\.description).joined(separator: ", "))"
    guard loopback.contains(where: { address in allowed.contains { $0.contains(address) } }) else { return words }
    return "\(words): renters reach what listens on this machine; leave it out of \(setting) unless that is meant"
  }

  static func webhooks(_ configuration: Configuration) throws -> String {
    "to \(try reach(configuration.notices.webhookAllow, "notices.webhook_allow")), with https"
  }

  /// Nothing is sent to anybody unless an address is given.
  static func mail(
    _ configuration: Configuration, to text: String?, at now: Instant, within patience: Duration = .seconds(15)
  ) async throws -> String {
    guard let email = configuration.notices.email else {
      let words = "none is sent: notices.sendmail and notices.email_from let renters be told by e-mail"
      guard text == nil else { throw Complaint(words) }
      return words
    }
    let messenger = EmailMessenger(
      sendmail: email.sendmail, from: email.from, provider: configuration.http.title,
      patience: patience)
    do throws(DeliveryFault) {
      guard let text else {
        try await messenger.tryOut()
        return "\(email.sendmail) runs; --mail ADDRESS sends one from \(email.from), to see that it arrives"
      }
      guard let address = EmailAddress(text) else { throw DeliveryFault("\(text) is no address") }
      try await messenger.greet(address, at: now)
      return "\(email.sendmail) has taken one for \(address): see that it arrives"
    } catch {
      throw Complaint(
        "\(error.words); see what it says: echo test | \(email.sendmail) -i ADDRESS. notices.sendmail is the program of a mail "
          + "server, or of msmtp-mta")
    }
  }

  /// - Parameter key: what messages are signed with; `nil`: there are no keys yet.
  static func nostr(
    _ configuration: Configuration, key: NostrSecretKey?, within patience: Duration = .seconds(10)
  ) async throws -> String {
    guard let nostr = configuration.notices.nostr else {
      return "nothing is sent: where http.public_url is set it is, unless notices.nostr says false"
    }
    let reached = try reach(nostr.allowed, "notices.nostr_allow")
    let sender = key.map { "from \($0.publicKey.npub)" } ?? "from a key that the first start makes"
    guard !nostr.relays.isEmpty else {
      return "\(sender), to relays that renters name at \(reached); notices.nostr_relays is for those who name none"
    }
    let client = try RelayClient(for: .messages, reaching: nostr.reachable)
    let silent = await failures(of: nostr.relays, client, within: patience)
    guard silent.isEmpty else {
      throw Complaint(
        "\(silent.map(\.words).joined(separator: "; ")): name another in notices.nostr_relays, or see that this machine "
          + "reaches it (notices.nostr_allow, where its address is not public)")
    }
    return "\(sender); \(nostr.relays.count) of \(nostr.relays.count) relays of ours answer"
  }

  /// Relays of renters' wallets are counted and not named.
  ///
  /// - Parameter grants: what renters have handed over, some of it; `nil`: the database could not be asked.
  static func wallets(
    _ configuration: Configuration, grants: [String]?, _ clock: any WallClock, within patience: Duration = .seconds(10)
  ) async throws -> String {
    guard configuration.wallets.enabled else { return "none are asked: wallets.enabled says false" }
    let reached = try reach(configuration.wallets.allowed, "wallets.allow")
    guard let grants else { return "at \(reached); which ones, the database would say" }
    let client = try RelayClient(reaching: configuration.wallets.reachable)
    let wallets = NostrWallets(client, clock: clock)
    var relays: [String] = []
    for grant in grants {
      // What cannot be read was handed over under other keys, and its renter is told so.
      guard let outline = try? wallets.outline(of: grant) else { continue }
      for relay in outline.relays where !relays.contains(relay) { relays.append(relay) }
    }
    relays = Array(relays.prefix(mostRelays))
    guard !relays.isEmpty else { return "at \(reached); no renter has named one" }
    let silent = await failures(of: relays, client, within: patience)
    let words = "\(relays.count - silent.count) of \(relays.count) relays at which renters' wallets are asked answer"
    guard silent.count < relays.count else {
      throw Complaint(
        "\(words): does this machine find names, and reach port 443 elsewhere? wallets.allow is for relays whose address is "
          + "not public")
    }
    return words
  }

  /// So many relays of wallets are tried.
  private static let mostRelays = 16

  private static func failures(
    of relays: [String], _ client: RelayClient, within patience: Duration
  ) async -> [RelayFault] {
    await withTaskGroup(of: RelayFault?.self) { group in
      for relay in relays {
        group.addTask {
          do throws(RelayFault) {
            try await client.greet(relay, within: patience)
            return nil
          } catch {
            return error
          }
        }
      }
      return await group.reduce(into: []) { faults, fault in if let fault { faults.append(fault) } }
    }
  }
}
