import L402
import Leasing
import Ledger
import Units

/// More time of a lease for whatever amount somebody sends (LNURL-pay): no credential is shown for it, and none is given.
///
/// The money buys time at the price of a renewal, to the microsecond. Who names a lease here learns what more of it costs
/// and no more; an invoice lasts ten minutes at the most.
public struct TopUps: Sendable {
  let store: any Store
  let clock: any WallClock
  let rates: Rates
  let invoicing: Invoicing
  let hashing: NodeHashing

  static let lastsAtMost: Seconds = .minute * 10

  /// What may be sent for a lease.
  public struct Offer: Sendable {
    public var lease: LeaseID
    /// Whole satoshis.
    public var bounds: ClosedRange<Millisatoshi>
  }

  /// - Parameter name: the lease's short name, or its id.
  /// - Throws: ``Refusal/unknownLease`` where there is none of this name or several; what a renewal is refused with.
  public func offer(for name: String) async throws -> Offer {
    let (snapshot, renewed) = try await read(name, .renewal(periods: 1), at: clock.now())
    guard let bounds = renewed.topUpBounds(at: clock.now()) else { throw Self.tooFarAhead }
    return Offer(lease: snapshot.record.lease.id, bounds: bounds)
  }

  /// An invoice over so much, for who was told `description`: it carries the hash of those words. Asked for again it is
  /// the same invoice.
  ///
  /// - Throws: ``Refusal/invalidField(_:_:)`` of `amount`; and as ``offer(for:)``.
  public func invoice(
    for name: String, _ amount: Millisatoshi, describedBy description: (LeaseID) -> String, _ caller: Caller
  ) async throws -> String {
    guard amount > .zero, amount <= .supply else { throw Refusal.invalidField("amount", "is no amount") }
    let now = clock.now()
    let (snapshot, renewed) = try await read(name, .topUp(amount: amount), at: now)
    let lease = snapshot.record.lease
    guard renewed.mayTopUp(amount, at: now) else {
      guard let bounds = renewed.topUpBounds(at: now) else { throw Self.tooFarAhead }
      throw Refusal.invalidField(
        "amount", "whole satoshis, from \(bounds.lowerBound.count) to \(bounds.upperBound.count) msat")
    }
    let order = InvoiceOrder(
      lease: lease.id, purpose: .topUp, slot: .topUp(amount: amount),
      label: "\(InvoiceRequest.labelPrefix)\(lease.id)/top_up/\(uniqueLabel(at: now))", amount: amount,
      expiresAt: min(lease.renewalInvoiceEnds(at: now), now + Self.lastsAtMost), locked: renewed.terms.lockedPrice,
      hashedDescription: description(lease.id), at: now)
    guard let bolt11 = try await invoicing.invoice(for: order, caller).bolt11 else {
      throw Refusal.unavailable(retryAfter: 1, "the invoice is being made")
    }
    return bolt11
  }

  /// The lease as it stands, and as it would be renewed.
  private func read(
    _ name: String, _ slot: InvoiceSlot, at now: Instant
  ) async throws -> (snapshot: LeaseSnapshot, renewed: Lease) {
    guard let id = try await lease(named: name),
      let snapshot = try await store.snapshot(SnapshotQuestion(.lease(id), slot: slot))
    else { throw Refusal.unknownLease }
    try hashing.ask(at: now)
    let lease = snapshot.record.lease
    try lease.refuseRenewing(by: 0, at: now)
    guard lease.mayBeInvoiced else { throw Refusal.leaseClosed }
    var renewed = lease
    renewed.terms = try rates.renewed(lease.renewalTerms(at: now), seeing: snapshot.open, at: now)
    return (snapshot, renewed)
  }

  private func lease(named name: String) async throws -> LeaseID? {
    if let id = LeaseID(name) { return id }
    guard name.utf8.count == LeaseID.shortNameLength,
      LeaseID(String(repeating: "0", count: 26 - name.utf8.count) + name) != nil
    else { return nil }
    let found = try await store.transaction { tx in try tx.leases(endingIn: name) }
    return found.count == 1 ? found[0] : nil
  }

  private static let tooFarAhead = Refusal.invalidField("amount", "no time is sold that far ahead")
}

extension LeaseID {
  static let shortNameLength = 10

  /// The end of the id: enough to tell one lease from others, and not what its doors are asked by.
  public var shortName: String { String(description.suffix(Self.shortNameLength)) }
}
