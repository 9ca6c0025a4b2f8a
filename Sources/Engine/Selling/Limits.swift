import Leasing
import Ledger
import Units

/// What renters let their leases spend (budgets).
struct Limits: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let credentials: Credentials
  let presented: PresentedPayments

  /// Lets usage cost so much a day; `nil`: whatever it comes to. A lease that its limit has suspended comes back when the
  /// new one allows it.
  ///
  /// - Throws: ``Refusal/invalidField(_:_:)`` for less than `Lease.leastLimit`, or where nothing is metered.
  func set(_ perDay: Millisatoshi?, of id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await credentials.require(.limit, of: id, caller)
    _ = try await presented.upToDate(shown, of: id)
    if let perDay { try Self.check(perDay) }
    try await loop.handle(
      .limited(perDay: perDay), for: id, eventID: EventID(.limit, caller.requestID),
      cause: .init(type: .request, id: caller.requestID)
    ) { _, lease in
      if perDay != nil { try Self.check(lease.terms) }
    }
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    return record
  }

  static func check(_ perDay: Millisatoshi) throws {
    guard (Millisatoshi(satoshis: 1)...Millisatoshi.supply).contains(perDay) else {
      throw Refusal.invalidField("limits.spend_sat_per_day", "1 to all the bitcoin there is")
    }
  }

  static func check(_ terms: Terms) throws {
    guard !terms.meters.isEmpty else {
      throw Refusal.invalidField("limits.spend_sat_per_day", "nothing of this offer is metered")
    }
  }
}
