import Leasing
import Ledger

/// The way out.
struct Releases: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let credentials: Credentials
  let presented: PresentedPayments

  /// Releases the lease: what is left of the balance becomes credit once the last usage is rated.
  func release(_ id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await credentials.require(.release, of: id, caller)
    _ = try await presented.upToDate(shown, of: id)
    try await loop.handle(
      .released, for: id, eventID: EventID(.release, caller.requestID),
      cause: .init(type: .request, id: caller.requestID))
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    return record
  }
}
