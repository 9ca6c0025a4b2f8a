import L402
import Leasing
import Ledger
import Logging
import Units

/// Money of ours that cannot be booked (suspense items): kept, shown, and given back to who proves that it was paid.
///
/// It is ours by its label. Its invoice or its lease may be gone, with the commits that a promoted standby lacked, or with
/// what a sweep deleted; or the node has deleted the invoice, and only the preimage that is shown says that it was paid.
public struct Unbooked: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let log: Logger

  /// Keeps a settlement without an invoice of ours, if its label is one of ours.
  func keepIfOurs(_ settlement: NodeSettlement, _ tx: any InvoiceRows & LeaseRows) throws {
    guard settlement.label.hasPrefix(InvoiceRequest.labelPrefix) else { return }
    // Told again from the beginning: it was booked, and its invoice has been swept since.
    guard try tx.settlementRecords(of: [settlement.paymentHash]).received.isEmpty else { return }
    let lease = InvoiceRequest.lease(ofLabel: settlement.label)
    let isKnown = try lease.map { try tx.lease($0) != nil } ?? false
    let reason = isKnown ? "its invoice is not in the books" : "its lease is not in the books"
    try tx.insertUnbooked(settlement, lease: lease, reason: reason, at: clock.now())
    log.error(
      "a settlement of ours cannot be booked",
      metadata: [
        "payment_hash": "\(settlement.paymentHash.hex)", "msat": "\(settlement.received.count)",
        "label": "\(settlement.label)", "reason": "\(reason)",
      ])
  }

  /// The node knows the invoice no longer, and a credential shows its preimage: it was paid. The node's word is missing, so
  /// that nothing is served for it; it is kept, and can be had back.
  func keepProved(_ preimage: Preimage, of invoice: InvoiceRecord) async throws {
    guard let hash = invoice.paymentHash, preimage.paymentHash == hash else { return }
    let now = clock.now()
    let isNew = try await store.transaction { tx -> Bool in
      let known = try tx.settlementRecords(of: [hash])
      guard known.received.isEmpty, known.unbooked.isEmpty else { return false }
      try tx.insertUnbooked(
        NodeSettlement(
          paymentHash: hash, preimage: preimage, received: invoice.amount, settledAt: now, label: invoice.label,
          cursor: UnbookedSettlement.noPosition),
        lease: invoice.lease, reason: "the node knows the invoice no longer; its preimage was shown", at: now)
      return true
    }
    guard isNew else { return }
    log.error(
      "the node has forgotten an invoice that was paid",
      metadata: ["payment_hash": "\(hash.hex)", "lease": "\(invoice.lease)", "msat": "\(invoice.amount.count)"])
  }

  // MARK: Giving it back

  /// Turns what of a lease could not be booked into its credit, for the holder of a credential that may take it out. A
  /// lease that is gone too is made again, closed, for who shows the credential of a payment that arrived.
  func credit(of id: LeaseID, _ shown: VerifiedCredential) async throws {
    guard try await !store.transaction({ tx in try tx.unbooked(of: id) }).isEmpty else { return }
    let leases = try await store.transaction { tx -> [Lease] in
      let lease = try tx.lockLease(id)
      let found = try tx.unbooked(of: id)
      if lease == nil, !found.contains(where: { $0.settlement.paymentHash == shown.paymentHash }) { return [] }
      return try credit(
        found, of: id, lease, soldAs: shown.variant, cause: .init(type: .credential, id: shown.token.hex),
        evidence: [:], tx)
    }
    told(leases)
  }

  /// The same by the operator's hand, for one of them.
  public func credit(_ hash: PaymentHash, reason: String, requestID: String) async throws {
    let reason = try OperatorReason(reason).text
    let leases = try await store.transaction { tx -> [Lease] in
      guard let seen = try tx.unbooked(hash), seen.resolvedAt == nil else { throw Refusal.unknownPayment }
      guard let id = seen.lease else {
        throw Refusal.conflict(code: .leaseUnknown, "its label names no lease; resolve it instead")
      }
      let lease = try tx.lockLease(id)
      guard let item = try tx.unbooked(hash), item.resolvedAt == nil else { throw Refusal.unknownPayment }
      if case .quoted? = lease?.state {
        throw Refusal.conflict(
          code: .leaseQuoted, "it may still become the lease's purchase; ask when the quote is over")
      }
      return try credit(
        [item], of: id, lease, soldAs: nil, cause: .init(type: .operator, id: requestID),
        evidence: ["by": "operator", "operator_reason": reason], tx)
    }
    told(leases)
  }

  /// Says that one was dealt with in another way. It is kept, and neither counted nor found again.
  public func resolve(_ hash: PaymentHash, reason: String, requestID: String) async throws {
    let reason = try OperatorReason(reason).text
    let now = clock.now()
    guard try await store.transaction({ tx in try tx.resolveUnbooked(hash, resolution: reason, at: now) }) else {
      throw Refusal.unknownPayment
    }
    log.warning(
      "an unbooked settlement was dealt with by hand",
      metadata: ["payment_hash": "\(hash.hex)", "reason": "\(reason)", "request": "\(requestID)"])
  }

  public func list(all: Bool, limit: Int) async throws -> [UnbookedSettlement] {
    try await store.transaction { tx in all ? try tx.allUnbooked(limit: limit) : try tx.unbooked(limit: limit) }
  }

  private func told(_ leases: [Lease]) {
    loop.publish(leases)
    for lease in leases {
      log.info(
        "unbooked settlements became credit",
        metadata: ["lease": "\(lease.id)", "msat": "\(lease.account.credit.count)"])
    }
  }

  private func credit(
    _ items: [UnbookedSettlement], of id: LeaseID, _ known: Lease?, soldAs: String?, cause: EventRecord.Cause,
    evidence: [String: String], _ tx: any InvoiceRows & LeaseRows
  ) throws -> [Lease] {
    let now = clock.now()
    var lease = known ?? Lease.lost(id, soldAs: soldAs, at: now)
    // What a quote asks for is its purchase, if the node says so.
    if case .quoted = lease.state { return [] }
    if known == nil {
      try tx.insert(
        LeaseRecord(lease: lease, request: LeaseRequest(offer: lease.terms.offer), placement: nil),
        event: EventRecord(
          id: EventID(.lost, id).description, lease: id, version: 0, at: now, name: .lost, feedName: nil, from: nil,
          to: lease.state.name, cause: cause, evidence: ["reason": "its row was lost; it was made again for its money"])
      )
    }
    for item in items {
      let settlement = item.settlement
      if try tx.insertPayment(settlement, lease: id, at: now) {
        var said = evidence
        said["unbooked"] = item.reason
        let step = try loop.decided(
          .settled(
            Settlement(
              paymentHash: settlement.paymentHash.hex, amount: settlement.received, excess: .zero, purpose: .purchase,
              capacityFound: false, terms: nil, isForTheseTerms: false)),
          for: lease, eventID: EventID(.settled, settlement.paymentHash.hex), cause: cause, evidence: said, at: now)
        try tx.write([step])
        lease = step.decision.lease
      }
      try tx.deleteUnbooked(settlement.paymentHash)
    }
    return [lease]
  }
}

extension InvoiceRequest {
  /// The lease that a label of ours names.
  static func lease(ofLabel label: String) -> LeaseID? {
    guard label.hasPrefix(labelPrefix) else { return nil }
    return label.dropFirst(labelPrefix.count).split(separator: "/", omittingEmptySubsequences: false).first
      .flatMap { LeaseID(String($0)) }
  }
}
