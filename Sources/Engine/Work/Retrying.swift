import Logging

/// Tries again what failed, waiting longer each time (exponential backoff), until it succeeds or the task ends.
struct Retrying: Sendable {
  let health: Health
  let clock: any WallClock
  let log: Logger

  func again(_ what: String, _ body: @Sendable () async throws -> Void) async {
    var backoff = Backoff(most: 10)
    while !Task.isCancelled {
      backoff.begins(at: .now)
      do {
        try await body()
        return
      } catch {
        if Task.isCancelled { return }
        if let error = error as? StoreError, error.kind == .unavailable { health.storeFailed(at: clock.now()) }
        let wait = backoff.failed(at: .now)
        log.error("work is held up", metadata: ["what": "\(what)", "error": "\(error)", "retry_seconds": "\(wait)"])
        guard await Deadlines.shared.wait(.seconds(wait)) else { return }
      }
    }
  }
}
