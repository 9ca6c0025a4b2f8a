import Nostr
import Wire

/// What is wanted of a relay: events of some kinds by one author (a filter of NIP-01).
public struct RelayFilter: Hashable, Sendable, Encodable {
  public var kinds: [Int64]
  public var authors: [String]
  /// The event that they answer.
  public var answering: [String]?
  public var limit: Int?

  public init(kinds: [Int64], by author: NostrPublicKey, answering request: NostrEvent? = nil, limit: Int? = nil) {
    self.kinds = kinds
    authors = ["\(author)"]
    answering = request.map { [$0.id] }
    self.limit = limit
  }

  private enum CodingKeys: String, CodingKey {
    case kinds, authors, limit
    case answering = "#e"
  }
}

/// One talk with a relay (a protocol state machine of NIP-01): a subscription, then an event once the subscription stands,
/// then what comes of it. It is told what the relay says and answers what to do.
struct RelayConversation {
  enum Reaction: Hashable {
    case nothing
    case send(String)
    /// An event of the subscription: its id and signature are proved, whether it is what was asked for is not.
    case take(NostrEvent)
    /// The relay took the event: nothing more comes where nothing was subscribed.
    case accepted
    /// All there was; nothing was to be sent.
    case nothingMore
    case fail(RelayFault)
  }

  /// More than this is not listened to: 64 texts of 128 KiB hold any answer, and a relay that goes on is hostile.
  static let mostTexts = 64
  static let longestText = 131_072

  private static let subscription = "leasehold"
  private let filter: RelayFilter?
  private let event: NostrEvent?
  private(set) var wasSent = false
  private var heard = 0

  /// - Precondition: there is a filter or an event.
  init(_ filter: RelayFilter?, sending event: NostrEvent?) {
    precondition(filter != nil || event != nil, "something is asked or said")
    self.filter = filter
    self.event = event
  }

  /// What is said first.
  mutating func begin() -> String {
    if let filter { return JSON.text(Subscribing(filter: filter)) }
    return sendEvent() ?? ""
  }

  private mutating func sendEvent() -> String? {
    guard let event, !wasSent else { return nil }
    wasSent = true
    return "[\"EVENT\",\(event.json)]"
  }

  mutating func hear(_ text: [UInt8]) -> Reaction {
    heard += 1
    guard heard <= Self.mostTexts, text.count <= Self.longestText else {
      return .fail(RelayFault(.notSent, "the relay says too much").after(sending: wasSent))
    }
    let message: RelayMessage
    do throws(JSONFault) {
      message = try JSON.decode(RelayMessage.self, from: text)
    } catch {
      // What cannot be read, or is an event that is not its author's, is somebody's mischief and no answer.
      return .nothing
    }
    switch message {
    case .event(Self.subscription, let event): return .take(event)
    case .endOfStored(Self.subscription):
      if let text = sendEvent() { return .send(text) }
      return event == nil ? .nothingMore : .nothing
    case .closed(Self.subscription, let words):
      return .fail(RelayFault(.notSent, "the relay takes no subscription: \(words)").after(sending: wasSent))
    case .accepted(event?.id, true, _): return filter == nil ? .accepted : .nothing
    case .accepted(event?.id, false, let words):
      return .fail(RelayFault(.unanswered, "the relay does not take the event: \(words)"))
    case .event, .endOfStored, .closed, .accepted, .other: return .nothing
    }
  }

  private struct Subscribing: Encodable {
    var filter: RelayFilter

    func encode(to encoder: any Encoder) throws {
      var list = encoder.unkeyedContainer()
      try list.encode("REQ")
      try list.encode(RelayConversation.subscription)
      try list.encode(filter)
    }
  }
}

/// What a relay says.
private enum RelayMessage: Decodable {
  case event(String, NostrEvent)
  case accepted(String?, Bool, String)
  case endOfStored(String)
  case closed(String, String)
  case other

  init(from decoder: any Decoder) throws {
    var list = try decoder.unkeyedContainer()
    switch try list.decode(String.self) {
    case "EVENT": self = .event(try list.decode(String.self), try list.decode(NostrEvent.self))
    case "OK":
      self = .accepted(
        try list.decode(String.self), try list.decode(Bool.self), list.isAtEnd ? "" : try list.decode(String.self))
    case "EOSE": self = .endOfStored(try list.decode(String.self))
    case "CLOSED": self = .closed(try list.decode(String.self), list.isAtEnd ? "" : try list.decode(String.self))
    default: self = .other
    }
  }
}
