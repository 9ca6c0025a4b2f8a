import L402
import Leasing
import Ledger
import Units

/// A lease as its holders see it (queries). Looking never costs money: a genuine expired credential serves.
public struct Reader: Sendable {
  let store: any Store
  let clock: any WallClock
  let credentials: Credentials
  let admissions: Admissions
  let presented: PresentedPayments
  let watch: LeaseWatch

  /// Why a lease came to nothing though it was paid for; `nil` for one that was made, or may be still.
  public func failure(of record: LeaseRecord) async throws -> ProvisionFailure? {
    switch record.lease.state {
    case .reclaiming(.provisioning, _, _, _), .closed(_, .provisioning): break
    case .quoted, .provisioning, .active, .grace, .suspended, .reclaiming, .closed: return nil
    }
    let id = record.lease.id
    return try await store.transaction { tx in try tx.provisionFailure(of: id) }
  }

  /// Whether who asks may see what a lease costs and holds: not who was lent a folder of it.
  public func seesMoney(_ caller: Caller) async -> Bool { await credentials.seeMoney(caller) }

  public func lease(_ id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await credentials.require(.look, of: id, caller)
    if let record = try await admissions.recordOfPayer(id, shown) {
      return record.charged(to: clock.now())
    }
    guard let record = try await presented.upToDate(shown, of: id) else { throw Refusal.unknownLease }
    return record.charged(to: clock.now())
  }

  public func usage(
    of id: LeaseID, after window: Instant?, limit: Int, _ caller: Caller
  ) async throws -> [UsageWindow] {
    _ = try await credentials.require(.usage, of: id, caller)
    return try await store.transaction { tx in try tx.usage(of: id, after: window, limit: limit) }
  }

  public func transfers(
    of id: LeaseID, after transfer: Int64, limit: Int, _ caller: Caller
  ) async throws -> [TransferRecord] {
    try await credentials.requireMoney(of: id, caller)
    return try await store.transaction { tx in try tx.transfers(of: id, after: transfer, limit: limit) }
  }

  public func events(
    of id: LeaseID, after sequence: Int64, limit: Int, _ caller: Caller
  ) async throws -> [EventRecord] {
    _ = try await credentials.require(.explain, of: id, caller)
    return try await store.transaction { tx in try tx.events(of: id, after: sequence, limit: limit) }
  }

  /// The last so many, the newest first.
  public func newestTransfers(of id: LeaseID, limit: Int, _ caller: Caller) async throws -> [TransferRecord] {
    try await credentials.requireMoney(of: id, caller)
    return try await store.transaction { tx in try tx.newestTransfers(of: id, limit: limit) }
  }

  /// The last so many, the newest first.
  public func newestEvents(of id: LeaseID, limit: Int, _ caller: Caller) async throws -> [EventRecord] {
    _ = try await credentials.require(.explain, of: id, caller)
    return try await store.transaction { tx in try tx.newestEvents(of: id, limit: limit) }
  }

  /// The sequence number of what happened last; 0 where nothing is known to have happened. Whoever then looks at the lease
  /// sees all up to it.
  public func lastEvent(of id: LeaseID, _ caller: Caller) async throws -> Int64 {
    _ = try await credentials.require(.look, of: id, caller)
    return try await store.transaction { tx in try tx.newestEvents(of: id, limit: 1).first?.sequence ?? 0 }
  }

  /// Whether the lease has come to its end and nothing happened to it after this sequence number: its feed would have
  /// nothing to say any more.
  public func isOver(_ id: LeaseID, after sequence: Int64, _ caller: Caller) async throws -> Bool {
    _ = try await credentials.require(.events, of: id, caller)
    return try await store.transaction { tx in
      // In this order: an end that is seen has its events.
      let isOver = try tx.lease(id)?.lease.isClosed ?? true
      return try isOver && tx.events(of: id, after: sequence, limit: 1).isEmpty
    }
  }

  /// The event feed after a sequence number, as it grows; ends when the lease is closed and all is told. The credential
  /// is asked for at the start, each time something is sent, and each second, so that a quiet feed ends when the
  /// credential does.
  public func feed(
    of id: LeaseID, after sequence: Int64, _ caller: Caller
  ) async throws -> AsyncThrowingStream<EventRecord, any Error> {
    _ = try await credentials.require(.events, of: id, caller)
    let caller = caller.afresh
    return AsyncThrowingStream { continuation in
      let task = Task { [self] in
        do {
          var last = sequence
          for await _ in watch.changes(of: id) {
            _ = try await credentials.require(.events, of: id, caller)
            while true {
              let from = last
              let (isOver, events) = try await store.transaction { tx in
                // In this order: an end that is seen has its events.
                (try tx.lease(id)?.lease.isClosed ?? true, try tx.events(of: id, after: from, limit: 100))
              }
              for event in events {
                last = event.sequence
                if event.feedName != nil { continuation.yield(event) }
              }
              guard events.count < 100 else { continue }
              if isOver {
                continuation.finish()
                return
              }
              break
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      let watching = Task { [self] in
        do {
          while true {
            try await Deadlines.shared.sleep(.seconds(1))
            _ = try await credentials.require(.events, of: id, caller)
          }
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in
        task.cancel()
        watching.cancel()
      }
    }
  }
}

extension LeaseRecord {
  /// As of now, not as of when something last happened to it.
  func charged(to now: Instant) -> LeaseRecord {
    var record = self
    record.lease = record.lease.charged(to: now)
    return record
  }
}

extension StoreTransaction {
  /// It is among the first that happened to it.
  func provisionFailure(of lease: LeaseID) throws -> ProvisionFailure? {
    try events(of: lease, after: 0, limit: 100).lazy.compactMap { ProvisionFailure($0) }.first
  }
}
