import CLibpq
import Synchronization

extension Pool {
  /// Runs one statement that only reads, on a connection shared with other reads.
  ///
  /// What many tasks ask for at the same time goes out together, with one Sync for all: several times as many reads
  /// per second as with a connection to oneself. The connections are read-only. A failing statement takes the ones
  /// sent with it along; they are sent again and notice nothing, as are all when a connection breaks.
  ///
  /// - Parameter row: runs on the thread of the reads: short, and never blocking.
  /// - Throws: ``PostgresError``; `connectionFailed` if the server cannot be reached within the acquire timeout;
  ///   `CancellationError` if cancelled before it was sent.
  public func read<each P: PostgresEncodable, T: Sendable>(
    _ sql: String, _ values: repeat each P, row: @escaping @Sendable (borrowing Row) throws -> T
  ) async throws -> [T] {
    try await read(sql, Parameters(repeat each values), row: row)
  }

  /// The same with values gathered beforehand.
  public func read<T: Sendable>(
    _ sql: String, _ parameters: Parameters, row: @escaping @Sendable (borrowing Row) throws -> T
  ) async throws -> [T] {
    try await reader.read(sql, parameters) { try mapRows($0, row) }
  }

  /// The first row, if there is one.
  public func readFirst<each P: PostgresEncodable, T: Sendable>(
    _ sql: String, _ values: repeat each P, row: @escaping @Sendable (borrowing Row) throws -> T
  ) async throws -> T? {
    try await reader.read(sql, Parameters(repeat each values)) { result in
      PQntuples(result) == 0 ? nil : try row(Row(result: result, index: 0))
    }
  }

  /// The thread of the reads, for tasks that do little else: `Task(executorPreference: pool.readExecutor)` saves them
  /// the hop there and back. What such a task does keeps other reads waiting.
  public var readExecutor: any TaskExecutor { reader }
}

extension Reader {
  func read<T: Sendable>(
    _ sql: String, _ parameters: Parameters, _ decode: @escaping @Sendable (OpaquePointer) throws -> T
  ) async throws -> T {
    let cancelled = Cancellation()
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
        submit(
          Request(sql: sql, parameters: parameters, patience: patience, cancellation: cancelled) { answer in
            continuation.resume(with: Result { try decode(try answer.get()) })
          })
      }
    } onCancel: {
      cancelled.flag.store(true, ordering: .relaxed)
      wake()
    }
  }
}

/// Set by whoever asked, looked at by the reader before it sends.
final class Cancellation: Sendable {
  let flag = Atomic<Bool>(false)
}
