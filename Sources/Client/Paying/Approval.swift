import Units

/// Somebody, or something, that gives leave to pay.
public typealias Approval = @Sendable (PaymentQuestion) async -> PaymentAnswer

/// What is about to be paid for. Limits and budget allow it.
public struct PaymentQuestion: Hashable, Sendable {
  public var amount: Millisatoshi
  /// The most that routing may cost beside.
  public var fee: Millisatoshi
  /// `purchase`, `renewal`, `change`, `payment`.
  public var purpose: String
  /// What is rented or changed to.
  public var offer: String?
  /// The lease that exists already.
  public var lease: String?
  /// When the money runs out then, if nothing changes; nil where that cannot be said.
  public var lastsUntil: Instant?
}

public enum PaymentAnswer: Hashable, Sendable {
  case pay
  case refuse(PaymentRefusal)
}

public enum PaymentRefusal: Hashable, Sendable {
  case byPerson
  /// Nobody is there, and nothing was allowed before.
  case nobodyToAsk
}
