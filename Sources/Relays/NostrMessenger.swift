import Engine
import L402
import Macaroons
import Nostr
import Notices
import Units

/// Private direct messages over Nostr (NIP-17 in the gift wrap of NIP-59): who reads a relay learns to whom something was
/// sent, and neither by whom, nor when, nor what.
///
/// A key is somebody's inbox, and everybody knows it: so its owner is asked first, as the owner of an e-mail address is. A
/// message that is sent again is wrapped anew, and is the same message to its reader: text, time and sender are those of
/// the first attempt.
public struct NostrMessenger: Messenger {
  /// How many relays a contact has at the most; NIP-17 asks for lists of one to three.
  public static let mostRelays = 3

  private let relays: RelayClient
  private let reachable: ReachableAddresses
  private let key: NostrSecretKey
  private let provider: String
  /// Of the provider, for whoever names none.
  private let own: [String]
  private let patience: Duration

  /// - Parameters:
  ///   - reachable: where relays may be, public or not; with any that is not public, `ws://` is taken as well.
  ///   - key: the provider's.
  ///   - provider: whom it comes from, for people.
  ///   - relays: where messages are left for whoever names no relay; what is no address of one is left out.
  ///   - patience: for all relays of a message together; under twenty seconds.
  public init(
    reaching reachable: ReachableAddresses, signedBy key: NostrSecretKey, from provider: String, relays: [String],
    patience: Duration = .seconds(15)
  ) throws {
    self.relays = try RelayClient(for: .messages, reaching: reachable)
    self.reachable = reachable
    self.key = key
    self.provider = provider
    self.patience = patience
    own = relays.filter { RelayAddress($0) != nil }
  }

  public var channel: ContactRecord.Channel { .nostr }
  public var asksFirst: Bool { true }

  public func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace {
    guard let key = NostrPublicKey(wish.address) else {
      throw ContactFault("expected a public key: npub1…, or 64 hex digits")
    }
    guard !wish.relays.isEmpty else {
      guard !own.isEmpty else { throw ContactFault("name one to \(Self.mostRelays) relays: wss://relay.example") }
      return ContactPlace(address: "\(key)")
    }
    guard wish.relays.count <= Self.mostRelays else { throw ContactFault("at most \(Self.mostRelays) relays") }
    for text in wish.relays {
      guard let relay = RelayAddress(text), relay.isSecure || reachable.allowsSome else {
        throw ContactFault("expected relays as wss://relay.example")
      }
      if let address = IPAddress(relay.host), let reason = reachable.refusal(of: address) {
        throw ContactFault("a relay may not be connected to: \(reason)")
      }
    }
    return ContactPlace(address: "\(key)", relays: Array(Set(wish.relays)).sorted())
  }

  public func masked(_ place: ContactPlace) -> String {
    let name = NostrPublicKey(place.address).map { $0.npub.prefix(12) + "…" } ?? "…"
    let hosts = place.relays.compactMap { RelayAddress($0)?.description }
    return hosts.isEmpty ? name : "\(name) at \(hosts.joined(separator: ", "))"
  }

  /// The provider's own relays take all; who it goes to is bounded then.
  public func site(of place: ContactPlace) -> String {
    place.relays.compactMap { RelayAddress($0)?.site }.min() ?? place.address
  }

  public func deliver(
    _ message: Message, to place: ContactPlace, signedWith _: Bytes32
  ) async throws(DeliveryFault) {
    guard let receiver = NostrPublicKey(place.address) else { throw DeliveryFault("it is no key", isFinal: true) }
    let places = place.relays.isEmpty ? own : place.relays
    guard !places.isEmpty else { throw DeliveryFault("no relay is named, and the provider names none any more") }
    let event: NostrEvent
    do throws(NostrFault) {
      event = try wrap(message, for: receiver)
    } catch {
      throw DeliveryFault("the message cannot be sealed", isFinal: true)
    }
    do throws(RelayFault) {
      _ = try await relays.publish(event, to: places, within: patience)
    } catch {
      // Its own words name the relay, and are a stranger's.
      switch error.kind {
      case .notSent: throw DeliveryFault("no relay can be reached")
      case .unanswered: throw DeliveryFault("no relay has taken it")
      }
    }
  }

  private func wrap(_ message: Message, for receiver: NostrPublicKey) throws(NostrFault) -> NostrEvent {
    // As it was announced: how long is left is said as of then, so that every attempt says the same.
    var announced = message
    announced.at = message.announcedAt
    let words = MessageText(announced, from: provider)
    var paragraphs = words.paragraphs
    if case .notice = message.content, let settingsAt = message.settingsAt {
      paragraphs.append("No more of these: \(settingsAt)")
    }
    return try GiftWrap(
      paragraphs.joined(separator: "\n\n"), subject: words.subject, from: key, to: receiver,
      written: message.announcedAt.unixSeconds, at: message.at.unixSeconds
    ).event
  }
}
