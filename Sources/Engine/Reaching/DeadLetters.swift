import Leasing
import Ledger
import Units

/// What renters were to be told and was not, from the provider's side: to be looked at, and sent again by hand.
public struct DeadLetters: Sendable {
  /// So long what is sent again is tried.
  static let lasting: Seconds = .day

  let store: any Store
  let clock: any WallClock
  let bell: Bell

  /// Newest first.
  public func list(limit: Int) async throws -> [DeliveryRow] {
    try await store.transaction { tx in try tx.deadLetters(limit: limit) }
  }

  /// Sends them again, for a day: one, those of a lease, or at most a thousand of all.
  ///
  /// - Parameter reason: kept in the records of each lease.
  /// - Returns: how many.
  public func retry(
    id: Int64? = nil, of lease: LeaseID? = nil, reason: String, requestID: String
  ) async throws -> Int {
    let reason = try OperatorReason(reason)
    let now = clock.now()
    let leases = try await store.transaction { tx in
      let leases = try tx.reviveDeadLetters(id: id, of: lease, at: now, deadline: now + Self.lasting, limit: 1_000)
      let counts = leases.reduce(into: [LeaseID: Int]()) { $0[$1, default: 0] += 1 }
      for (id, count) in counts.sorted(by: { $0.key < $1.key }) {
        guard let lease = try tx.lease(id)?.lease else { continue }
        try tx.noteDelivery(
          EventRecord(
            id: "resent:\(requestID)/\(id)", lease: id, version: lease.version, at: now, name: .resent, feedName: nil,
            from: lease.state.name, to: lease.state.name, cause: .init(type: .operator, id: requestID),
            evidence: ["count": String(count), "reason": reason.text]))
      }
      return leases
    }
    bell.ring()
    return leases.count
  }
}
