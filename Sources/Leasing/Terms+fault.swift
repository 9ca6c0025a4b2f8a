import Units

extension Terms {
  /// Why terms cannot be sold. Checked when an offer is read, so that no lease can be made whose arithmetic leaves
  /// 64 bits.
  public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// A period is 1 s to 366 days.
    case period
    /// A price is nothing to 10,000 bitcoin.
    case price
    /// A purely metered offer needs a deposit of at least a satoshi.
    case deposit
    /// At least one period can be bought at once.
    case maxPeriods
    /// No timer is negative or over 366 days; an invoice can be paid for a while; a resource has time to be made.
    case policy
    /// Grace is never over a period.
    case grace
    /// A meter's priced unit is at least one of its own; nothing is negative; no meter is priced twice, or in a currency
    /// that the terms do not name.
    case meters
    /// The least a lease costs is no more than its first invoice; a bound of debt is at least a millisatoshi.
    case minimum
    /// No resource is negative.
    case resources
    /// A container alone has a network, and of at least 64,000 bits per second.
    case network
  }

  /// 10,000 bitcoin: far above any price, far below what would not fit.
  public static let highestPrice = Millisatoshi(satoshis: 1_000_000_000_000)

  /// The first thing that is wrong with these terms; `nil` when they can be sold.
  public var fault: Fault? {
    func isTimer(_ span: Seconds) -> Bool { (.zero...Lease.horizon).contains(span) }
    func isAmount(_ amount: Millisatoshi) -> Bool { (.zero...Terms.highestPrice).contains(amount) }
    guard (1...Lease.horizon).contains(period) else { return .period }
    guard isAmount(price) else { return .price }
    let needsPrice = !isPriced && (fiat.map { $0.price > .zero || $0.deposit > .zero } ?? false)
    guard isAmount(deposit), price > .zero || deposit >= Millisatoshi(satoshis: 1) || needsPrice else {
      return .deposit
    }
    guard maxPeriods >= 1 else { return .maxPeriods }
    guard policy.quote >= 1, policy.provisioning >= 1,
      [policy.quote, policy.provisioning, policy.lead, policy.grace, policy.retention].allSatisfy(isTimer),
      policy.idle.map({ $0.after >= 1 && isTimer($0.after) && isTimer($0.retention) }) ?? true
    else { return .policy }
    guard policy.grace <= period else { return .grace }
    guard
      meters.allSatisfy({ $0.unit >= 1 && $0.included >= 0 && isAmount($0.price) && ($0.fiat == nil || fiat != nil) }),
      Set(meters.map(\.meter)).count == meters.count
    else { return .meters }
    let first = price > .zero ? price : deposit
    guard minimum.map({ (.zero...(isPriced ? first : Terms.highestPrice)).contains($0) }) ?? true,
      debtLimit.map({ $0 > .zero && $0 <= Terms.highestPrice }) ?? true
    else { return .minimum }
    guard resources.disk >= 0, resources.cpuMillis >= 0, resources.memory >= 0, resources.pids >= 0 else {
      return .resources
    }
    guard network.map({ kind == .compute && ($0.bandwidthBits ?? 64_000) >= 64_000 }) ?? true else { return .network }
    return nil
  }
}
