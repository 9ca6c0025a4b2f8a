import Logging
import Units

/// Hears of settlements as the node makes them (a consumer of the node's feed).
struct SettlementFollower: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let health: Health
  let cursor: SettlementCursor
  let bookings: Bookings
  let log: Logger

  /// Follows the node from the stored cursor for as long as the task lives. A settlement that cannot be booked goes to
  /// the unbooked and never stops the ones behind it.
  func follow() async {
    var backoff = Backoff(most: 30)
    while !Task.isCancelled {
      backoff.begins(at: .now)
      do {
        try await bookNext()
        backoff.succeeded()
      } catch is CancellationError {
        return
      } catch {
        if Task.isCancelled { return }
        let wait = backoff.failed(at: .now)
        log.warning("settlements could not be followed", metadata: ["error": "\(error)", "retry_seconds": "\(wait)"])
        guard await Deadlines.shared.wait(.seconds(wait)) else { return }
      }
    }
  }

  /// Waits for settlements after the stored cursor and books them.
  func bookNext() async throws {
    let name = node.name
    do {
      try await cursor.compare()
      let position = try await store.transaction { tx in try tx.cursor(of: name) }
      health.followerWaits(since: clock.now())
      let settlements = try await node.settlements(after: position, limit: 100)
      health.followerHeard()
      health.nodeAnswered(at: clock.now())
      for settlement in settlements { try await bookings.book(settlement, advancing: true) }
      health.followerBooked()
    } catch {
      if !Task.isCancelled {
        let now = clock.now()
        if error is NodeError {
          cursor.forget()
          health.nodeFailed(at: now)
        }
        health.followerFailed(at: now)
      }
      throw error
    }
  }
}
