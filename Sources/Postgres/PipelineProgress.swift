import CLibpq

/// A statement that is on its way in a pipeline, and what must be read for it.
struct SentStatement {
  let sql: String
  let types: [Oid]
  /// The name it is being prepared under, if that is on its way before it.
  let preparing: String?
}

/// How far the answers to a pipeline have been read: fed with what `PQgetResult` returns, whether that was waited for
/// or not.
///
/// Each command is answered by one result and a null; the Sync by a result alone.
struct PipelineProgress: ~Copyable {
  enum Step {
    /// Go on reading.
    case more
    /// The next statement has been answered; the result is the caller's to clear.
    case answered(Result<OpaquePointer, PostgresError>)
    /// Nothing is left to read.
    case synced
  }

  let sent: [SentStatement]
  private var answered = 0
  private var hasReadPreparation = false
  private var failure: PostgresError?
  private var result: OpaquePointer?

  init(_ sent: [SentStatement]) {
    self.sent = sent
  }

  deinit {
    PQclear(result)
  }

  /// - Throws: when the connection broke; what the server refused is in the answer.
  mutating func take(_ next: OpaquePointer?, on link: Link) throws -> Step {
    guard answered < sent.count else {
      defer { PQclear(next) }
      guard PQresultStatus(next) == PGRES_PIPELINE_SYNC else { throw link.noting(link.connectionError(nil)) }
      return .synced
    }
    let statement = sent[answered]
    let isPreparation = statement.preparing != nil && !hasReadPreparation
    if let next {
      do {
        let good = try link.checked(next, statement.sql)
        if isPreparation { PQclear(good) } else { keep(good) }
      } catch let error as PostgresError {
        if link.isBroken { throw error }
        // A statement that could not be prepared is then answered with "aborted": the first failure is the reason.
        failure = failure ?? error
      }
      return .more
    }
    if isPreparation {
      hasReadPreparation = true
      if failure == nil, let name = statement.preparing {
        link.prepared.insert(statement.sql, name: name, types: statement.types)
      }
      return .more
    }
    defer {
      answered += 1
      hasReadPreparation = false
      failure = nil
    }
    if let failure {
      if failure.isStalePreparedStatement { link.prepared.forget(statement.sql) }
      return .answered(.failure(failure))
    }
    guard let result else { throw link.noting(link.connectionError(statement.sql)) }
    self.result = nil
    return .answered(.success(result))
  }

  private mutating func keep(_ good: OpaquePointer) {
    PQclear(result)
    result = good
  }
}
