/// Statements that go to the server together and are answered together: one round trip for all of them.
///
/// Outside a transaction a batch is one (implicit) transaction: all of it happens, or none.
public struct Batch: Sendable {
  struct Entry: Sendable {
    let sql: String
    let parameters: Parameters
  }

  private(set) var entries: [Entry] = []

  public init() {}

  public mutating func add<each P: PostgresEncodable>(_ sql: String, _ values: repeat each P) {
    entries.append(Entry(sql: sql, parameters: Parameters(repeat each values)))
  }

  public mutating func add(_ sql: String, parameters: Parameters) {
    entries.append(Entry(sql: sql, parameters: parameters))
  }

  public var count: Int { entries.count }
}

extension Session {
  /// Sends the statements of `batch` as one pipeline with one Sync.
  /// - Returns: one result for each, in order: those before a failing one have succeeded, those after it were not run
  ///   and fail with `inFailedTransaction`. Outside a transaction a failure undoes the ones before it too.
  /// - Throws: when the connection broke.
  public func results(of batch: Batch) throws -> [Result<ResultSet, PostgresError>] {
    try link.pipeline(batch)
  }

  /// The same where all are to succeed.
  /// - Throws: the first failure.
  @discardableResult
  public func run(_ batch: Batch) throws -> [ResultSet] {
    try link.pipeline(batch).map { try $0.get() }
  }
}

extension Pool {
  /// A fixed transaction as one pipeline: BEGIN, the statements and COMMIT in one round trip. Retried, and failing,
  /// like ``transaction(_:readOnly:_:)``.
  @discardableResult
  public func transaction(
    _ isolation: Isolation = .readCommitted, sending batch: Batch
  ) async throws -> [ResultSet] {
    var whole = Batch()
    whole.add(isolation.begin(readOnly: false))
    for entry in batch.entries { whole.add(entry.sql, parameters: entry.parameters) }
    whole.add("COMMIT")
    let attempts = configuration.maxAttempts
    return try await perform { [whole] worker, job in
      try worker.retrying(job, attempts: attempts) { link in
        var results: [ResultSet] = []
        do {
          results = try link.pipeline(whole).map { try $0.get() }
        } catch var error as PostgresError where error.kind == .connectionLost && link.hasSentSync {
          // COMMIT went out with the rest.
          error.kind = .commitOutcomeUnknown
          throw error
        }
        return Array(results.dropFirst().dropLast())
      }
    }
  }
}
