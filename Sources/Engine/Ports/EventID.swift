/// Under what an event is told (an idempotency key): told again under the same, it has taken effect already.
public struct EventID: Hashable, Sendable {
  /// What the ids of one kind of telling begin with, so that no two kinds meet.
  public enum Origin: String, Hashable, Sendable, CaseIterable {
    case accepted, announced, change, effect
    case holdCanceled = "hold-canceled"
    case idle, limit, lost, move, `operator`, payout
    case quoteCanceled = "quote-canceled"
    case outageCredit = "outage-credit"
    case quoted, release, requested, settled, usage, wallet, woke
  }

  public var origin: Origin
  /// Which of that kind: a hash, an effect's key, a request's id, a lease and its version.
  public var what: String

  public init(_ origin: Origin, _ what: some CustomStringConvertible) {
    self.origin = origin
    self.what = what.description
  }
}

extension EventID: CustomStringConvertible {
  /// As the event's row has it.
  public var description: String { "\(origin.rawValue):\(what)" }
}
