import NIOCore
import NIOPosix
import Units

/// Runs `body` for at most so long. What is cancelled or out of time was perhaps heard: `.lost`.
func withDeadline<T: Sendable>(
  _ limit: Seconds, _ attempted: String, _ body: @escaping @Sendable () async throws -> T
) async throws(RPCError) -> T {
  do {
    return try await withThrowingTaskGroup(of: T.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await sleep(limit)
        throw RPCError(.lost, attempted: attempted, words: "no answer within \(limit.count) s")
      }
      defer { group.cancelAll() }
      guard let first = try await group.next() else { preconditionFailure("two tasks were added") }
      return first
    }
  } catch let error as RPCError {
    throw error
  } catch {
    throw RPCError(.lost, attempted: attempted, words: "given up")
  }
}

/// Waits for so long, and leaves nothing behind when it is cancelled, as `Task.sleep` would until its time is over.
///
/// - Throws: an error when the task is cancelled.
func sleep(_ span: Seconds) async throws {
  let timer = MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .seconds(span.count)) {}
  try await withTaskCancellationHandler {
    try await timer.futureResult.get()
  } onCancel: {
    timer.cancel()
  }
}
