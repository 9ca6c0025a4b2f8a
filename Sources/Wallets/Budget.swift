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

  /// The stricter of two, bound by bound.
  public func and(_ other: Budget) -> Budget {
    func least(_ a: Millisatoshi?, _ b: Millisatoshi?) -> Millisatoshi? {
      if let a, let b { min(a, b) } else { a ?? b }
    }
    return Budget(perPayment: least(perPayment, other.perPayment), perDay: least(perDay, other.perDay))
  }

  /// 1,000 sat for one payment, and 10,000 sat in 24 hours.
  public static let standard = Budget(
    perPayment: Millisatoshi(satoshis: 1_000), perDay: Millisatoshi(satoshis: 10_000))

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
    /// What was set aside, and then what it came to; fee included.
    public var amount: Millisatoshi
    public var at: Instant
    /// The wallet said that it was paid. Until then it may or may not have been.
    public var isPaid: Bool

    public init(paymentHash: String, amount: Millisatoshi, at: Instant, isPaid: Bool = false) {
      self.paymentHash = paymentHash
      self.amount = amount
      self.at = at
      self.isPaid = isPaid
    }

    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      paymentHash = try container.decode(String.self, forKey: .paymentHash)
      amount = try container.decode(Millisatoshi.self, forKey: .amount)
      at = try container.decode(Instant.self, forKey: .at)
      isPaid = try container.decodeIfPresent(Bool.self, forKey: .isPaid) ?? false
    }

    private enum CodingKeys: String, CodingKey {
      case paymentHash = "payment_hash"
      case amount = "msat"
      case at = "at_microseconds"
      case isPaid = "paid"
    }
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  /// How long a payment of which nobody heard is remembered: longer than any invoice or HTLC of ours lives.
  private static let memory = Seconds.day * 31

  /// The total of the 24 hours before `now`, and of what is set aside.
  public func spent(at now: Instant) -> Millisatoshi {
    entries.lazy.filter { $0.at > now - .day }.reduce(.zero) { $0 + $1.amount }
  }

  /// Whether a wallet may have been asked for this payment before.
  public func knows(_ paymentHash: String) -> Bool { entries.contains { $0.paymentHash == paymentHash } }

  /// Sets money aside for a payment, before it is made. Once for each payment hash: asking again within the 24 hours
  /// changes nothing, for paying an invoice again costs nothing.
  ///
  /// - Parameter fee: the most that may be paid beside the amount; less is granted where the budget ends before.
  /// - Returns: the fee that was granted.
  @discardableResult
  public mutating func reserve(
    _ amount: Millisatoshi, fee: Millisatoshi = .zero, for paymentHash: String, within budget: Budget, at now: Instant
  ) throws(BudgetRefusal) -> Millisatoshi {
    let known = entries.first { $0.paymentHash == paymentHash }
    if let known, known.isPaid || known.at > now - .day { return max(.zero, known.amount - amount) }
    if let limit = budget.perPayment, amount > limit { throw .overPayment(asked: amount, limit: limit) }
    var granted = budget.perPayment.map { min(fee, $0 - amount) } ?? fee
    if let limit = budget.perDay {
      let left = max(.zero, limit - spent(at: now))
      if amount > left { throw .overDay(asked: amount, left: left, limit: limit) }
      granted = min(granted, left - amount)
    }
    entries.removeAll {
      $0.paymentHash == paymentHash || $0.at <= now - ($0.isPaid ? Seconds.day : Self.memory)
    }
    entries.append(Entry(paymentHash: paymentHash, amount: amount + granted, at: now))
    return granted
  }

  /// A payment was made, for so much, fee included. Idempotent; nothing for a payment that is not known.
  public mutating func confirm(_ paymentHash: String, amount: Millisatoshi) {
    guard let index = entries.firstIndex(where: { $0.paymentHash == paymentHash }), !entries[index].isPaid
    else { return }
    entries[index].amount = amount
    entries[index].isPaid = true
  }

  /// A payment was positively not made: its money is free again. One that was made stays.
  public mutating func giveBack(_ paymentHash: String) {
    entries.removeAll { $0.paymentHash == paymentHash && !$0.isPaid }
  }
}
