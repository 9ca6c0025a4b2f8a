import Leasing
import Ledger
import Units

/// Waiting for a lease that is being made, thawed or resumed (a bounded long poll).
struct Waiting: Sendable {
  let store: any Store
  let watch: LeaseWatch

  /// Waits until the lease is no longer on its way to serving.
  func whenReady(_ record: LeaseRecord, within patience: Seconds) async throws -> LeaseRecord {
    guard record.lease.isOnItsWay else { return record }
    let id = record.lease.id
    return try await withThrowingTaskGroup(of: LeaseRecord?.self) { group in
      group.addTask {
        for await _ in watch.changes(of: id) {
          let now = try await store.transaction { tx in try tx.lease(id) }
          if let now, !now.lease.isOnItsWay { return now }
        }
        return nil
      }
      group.addTask {
        _ = await Deadlines.shared.wait(.seconds(patience.count))
        return nil
      }
      let first = try await group.next()
      group.cancelAll()
      if let first, let first { return first }
      return try await store.transaction { tx in try tx.lease(id) } ?? record
    }
  }
}
