import Ledger
import Units

extension Lease {
  /// What stands for a lease whose row was lost with a database: closed from the first, so that money of its is credit,
  /// and nothing else comes of it.
  ///
  /// - Parameter soldAs: the variant that its credentials name, so that they go on opening it.
  public static func lost(_ id: LeaseID, soldAs: String?, at now: Instant) -> Lease {
    var terms = Terms(
      offer: "lost", kind: .disk, resources: Resources(disk: ByteCount(0)), period: .day, price: .zero,
      policy: .standard(period: .day), maxPeriods: 1)
    terms.soldAs = soldAs
    return Lease(
      id: id, terms: terms, state: .closed(at: now, nil), flags: Flags(), account: LeaseAccount(rate: terms.rate),
      version: 0, generation: 0, createdAt: now, activatedAt: nil, renewed: false, reminded: [], lastOutage: nil,
      closedCreditUntil: nil)
  }
}
