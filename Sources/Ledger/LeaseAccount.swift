import Units

/// What is held for one lease, and how it is used up.
///
/// The three numbers that make ``paidUntil``: the balance, the rate, and the moment up to which time has been charged.
/// `paidUntil` itself is never stored as truth and never assigned; a payment moves it because it raises the balance.
public struct LeaseAccount: Hashable, Sendable, Codable {
  /// Mirrors the account `lease:<id>`. Negative is debt, which the next payment covers first because it is the same
  /// number.
  public private(set) var balance: Millisatoshi
  /// Mirrors the account `credit:<id>`.
  public private(set) var credit: Millisatoshi
  public private(set) var rate: Rate
  public private(set) var remainder: Rate.Remainder
  /// What earlier rates left over that is less than one part of today's: see ``setRate(_:)``.
  public private(set) var carried: MillisatoshiFraction
  /// Time up to here has been charged. `nil` while the clock does not run: before provisioning, while suspended,
  /// frozen or impaired.
  public private(set) var chargedTo: Instant?

  public init(
    rate: Rate, balance: Millisatoshi = .zero, credit: Millisatoshi = .zero, remainder: Rate.Remainder = 0,
    carried: MillisatoshiFraction = .zero, chargedTo: Instant? = nil
  ) {
    self.rate = rate
    self.balance = balance
    self.credit = credit
    self.remainder = remainder
    self.carried = carried
    self.chargedTo = chargedTo
  }

  public var debt: Millisatoshi { max(.zero, -balance) }
  public var isRunning: Bool { chargedTo != nil }

  /// The first moment at which nothing is held any more; `nil` while time does not run, when the rate is free, and
  /// when the balance outlasts every moment a lease can name.
  public var paidUntil: Instant? {
    guard let chargedTo, let left = microsecondsLeft else { return nil }
    let end = chargedTo.advanced(byMicroseconds: left)
    return end < .distantFuture ? end : nil
  }

  /// How long the balance lasts once time runs; `nil` when it lasts for ever.
  public var microsecondsLeft: Int64? {
    rate.microsecondsUntilSpent(balance, carrying: remainder)
  }

  /// Starts the clock, or moves a running one forward without charging for what lies between.
  public mutating func start(at now: Instant) {
    chargedTo = now
  }

  public mutating func stop() {
    chargedTo = nil
  }

  /// Charges time up to `now`, or up to the moment the balance is gone when `allowingDebt` is false.
  ///
  /// A clock that ran backwards charges nothing and is not remembered.
  public mutating func chargeTime(for lease: LeaseID, to now: Instant, allowingDebt: Bool) -> [Transfer] {
    guard let from = chargedTo, now > from else { return [] }
    var end = now
    if !allowingDebt, let spent = paidUntil, spent < now { end = max(from, spent) }
    let step = rate.charge(elapsedMicroseconds: end.microseconds(since: from), carrying: remainder)
    balance -= step.charge
    remainder = step.remainder
    chargedTo = now
    guard step.charge > .zero else { return [] }
    return [Transfer(from: .lease(lease), to: .revenueTime, step.charge, cause: .time)]
  }

  /// Charges metered usage, into debt if need be; never deeper than all the bitcoin there is.
  public mutating func chargeUsage(for lease: LeaseID, _ amount: Millisatoshi) -> [Transfer] {
    let amount = min(amount, .supply, balance + .supply)
    guard amount > .zero else { return [] }
    balance -= amount
    return [Transfer(from: .lease(lease), to: .revenueUsage, amount, cause: .usage)]
  }

  /// A settled invoice that buys time.
  public mutating func pay(for lease: LeaseID, _ amount: Millisatoshi) -> [Transfer] {
    guard amount > .zero else { return [] }
    balance += amount
    return [Transfer(from: .node, to: .lease(lease), amount, cause: .payment)]
  }

  /// A settled invoice that buys nothing any more.
  public mutating func payLate(for lease: LeaseID, _ amount: Millisatoshi) -> [Transfer] {
    guard amount > .zero else { return [] }
    credit += amount
    return [Transfer(from: .node, to: .credit(lease), amount, cause: .overpayment)]
  }

  /// Given for an outage: to the balance, where it buys time, or to the credit.
  public mutating func compensate(for lease: LeaseID, _ amount: Millisatoshi, asCredit: Bool) -> [Transfer] {
    guard amount > .zero else { return [] }
    if asCredit { credit += amount } else { balance += amount }
    return [
      Transfer(from: .compensation, to: asCredit ? .credit(lease) : .lease(lease), amount, cause: .compensation)
    ]
  }

  /// Ends the account: what is left becomes credit; what is owed is covered by credit, and the rest written off.
  public mutating func close(for lease: LeaseID) -> [Transfer] {
    chargedTo = nil
    var transfers: [Transfer] = []
    if balance < .zero, let covered = coverDebt(for: lease) { transfers.append(covered) }
    let left = balance
    balance = .zero
    remainder = 0
    carried = .zero
    if left > .zero {
      credit += left
      transfers.append(Transfer(from: .lease(lease), to: .credit(lease), left, cause: .refund))
    } else if left < .zero {
      transfers.append(Transfer(from: .writeoff, to: .lease(lease), -left, cause: .badDebt))
    }
    return transfers
  }

  /// What of the credit can leave: what is owed is covered by it first.
  public var freeCredit: Millisatoshi { max(.zero, credit - debt) }

  /// Pays what is owed from the credit of the same lease, as far as that goes; `nil` where there is nothing of either.
  private mutating func coverDebt(for lease: LeaseID) -> Transfer? {
    let covered = min(credit, debt)
    guard covered > .zero else { return nil }
    credit -= covered
    balance += covered
    return Transfer(from: .credit(lease), to: .lease(lease), covered, cause: .debt)
  }

  /// Gives back so much of what is held, or all of it if less is; it becomes credit.
  public mutating func giveBack(for lease: LeaseID, _ amount: Millisatoshi) -> [Transfer] {
    let given = min(amount, balance)
    guard given > .zero else { return [] }
    balance -= given
    credit += given
    return [Transfer(from: .lease(lease), to: .credit(lease), given, cause: .refund)]
  }

  /// Charges what an offer takes at the least, as far as it is held.
  public mutating func chargeLeast(for lease: LeaseID, _ amount: Millisatoshi) -> [Transfer] {
    let charged = min(amount, balance)
    guard charged > .zero else { return [] }
    balance -= charged
    return [Transfer(from: .lease(lease), to: .revenueTime, charged, cause: .minimum)]
  }

  /// Sets credit aside for a payout, before the node is asked; `nil` when there is not so much beyond what is owed.
  public mutating func payOut(
    for lease: LeaseID, _ amount: Millisatoshi, paymentHash: String
  ) -> Transfer? {
    guard amount > .zero, amount <= freeCredit else { return nil }
    credit -= amount
    return Transfer(from: .credit(lease), to: .payout(paymentHash: paymentHash), amount, cause: .payout)
  }

  /// Puts back what was set aside, once the node has said that the payout failed.
  ///
  /// - Precondition: `amount > 0`.
  public mutating func takeBack(for lease: LeaseID, _ amount: Millisatoshi, paymentHash: String) -> Transfer {
    credit += amount
    return Transfer(from: .payout(paymentHash: paymentHash), to: .credit(lease), amount, cause: .payout)
  }

  /// Sends credit on its way to a lease's balance; `nil` when there is not so much. To its own it may be all, which
  /// covers what is owed.
  public mutating func giveCredit(
    for lease: LeaseID, _ amount: Millisatoshi, move: String, toItself: Bool = false
  ) -> Transfer? {
    guard amount > .zero, amount <= (toItself ? credit : freeCredit) else { return nil }
    credit -= amount
    return Transfer(from: .credit(lease), to: .move(move), amount, cause: .move)
  }

  /// Credit that arrives, and buys time as a payment does.
  ///
  /// - Precondition: `amount > 0`.
  public mutating func receiveCredit(for lease: LeaseID, _ amount: Millisatoshi, move: String) -> Transfer {
    balance += amount
    return Transfer(from: .move(move), to: .lease(lease), amount, cause: .move)
  }

  /// Credit nobody fetched.
  public mutating func forfeitCredit(for lease: LeaseID) -> [Transfer] {
    guard credit > .zero else { return [] }
    defer { credit = .zero }
    return [Transfer(from: .credit(lease), to: .writeoff, credit, cause: .unclaimed)]
  }

  /// From now on time costs this. What was used and is not a whole millisatoshi yet is carried as an exact fraction, so
  /// that whoever changes to and fro is charged what they would be by looking at the whole.
  public mutating func setRate(_ new: Rate) {
    let told = carried.carrying(remainder, of: rate, to: new)
    rate = new
    remainder = told.remainder
    carried = told.rest
  }

  /// All that is held buys so much time, what was used of the last millisatoshi included.
  ///
  /// - Precondition: something is held, and `microseconds >= 1`.
  public mutating func spread(over microseconds: Int64) {
    rate = Rate(balance, perMicroseconds: microseconds)
    remainder = 0
    carried = .zero
  }
}
