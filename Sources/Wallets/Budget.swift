import Units

/// How much a wallet may spend without asking anybody.
public struct Budget: Hashable, Sendable, Codable {
  /// The most for one payment, fee included; `nil` sets no bound.
  public var perPayment: Millisatoshi?
  /// The most within any 24 hours; `nil` sets no bound.
  public var perDay: Millisatoshi?

  public init(perPayment: Millisatoshi? = nil, perDay: Millisatoshi? = nil) {
    self.perPayment = perPayment
    self.perDay = perDay
  }

  /// 100,000 sat in 24 hours.
  public static let standard = Budget(perDay: Millisatoshi(satoshis: 100_000))

  private enum CodingKeys: String, CodingKey {
    case perPayment = "per_payment_msat"
    case perDay = "per_day_msat"
  }
}

/// What a budget does not allow.
public enum BudgetRefusal: Error, Hashable, Sendable {
  case overPayment(asked: Millisatoshi, limit: Millisatoshi)
  case overDay(asked: Millisatoshi, left: Millisatoshi, limit: Millisatoshi)
}

/// What was spent lately. Kept where it outlives the program.
public struct Spendings: Hashable, Sendable, Codable {
  public struct Entry: Hashable, Sendable, Codable {
    public var paymentHash: String
    public var amount: Millisatoshi
    public var at: Instant

    private enum CodingKeys: String, CodingKey {
      case paymentHash = "payment_hash"
      case amount = "msat"
      case at = "at_microseconds"
    }
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  /// The total of the 24 hours before `now`.
  public func spent(at now: Instant) -> Millisatoshi {
    entries.lazy.filter { $0.at > now - .day }.reduce(.zero) { $0 + $1.amount }
  }

  /// Sets money aside for a payment, before it is made. Once for each payment hash: asking again changes nothing, for
  /// paying an invoice again costs nothing.
  public mutating func reserve(
    _ amount: Millisatoshi, for paymentHash: String, within budget: Budget, at now: Instant
  ) throws(BudgetRefusal) {
    guard !entries.contains(where: { $0.paymentHash == paymentHash }) else { return }
    if let limit = budget.perPayment, amount > limit { throw .overPayment(asked: amount, limit: limit) }
    if let limit = budget.perDay {
      let left = max(.zero, limit - spent(at: now))
      if amount > left { throw .overDay(asked: amount, left: left, limit: limit) }
    }
    entries.removeAll { $0.at <= now - .day }
    entries.append(Entry(paymentHash: paymentHash, amount: amount, at: now))
  }

  /// A payment was positively not made: its money is free again.
  public mutating func giveBack(_ paymentHash: String) {
    entries.removeAll { $0.paymentHash == paymentHash }
  }
}
