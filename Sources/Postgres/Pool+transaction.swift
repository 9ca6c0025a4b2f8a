import CLibpq
import Glibc

extension Pool {
  /// Runs `body` inside BEGIN … COMMIT on one connection's own thread.
  ///
  /// The whole of it is run again when the server refuses it for what others did (40001, 40P01), COMMIT included, and
  /// when the connection broke before COMMIT was sent. So `body` must have no effects but through its session. What
  /// `body` throws rolls back and is thrown on.
  ///
  /// - Throws: ``PostgresError`` of kind `commitOutcomeUnknown` when the connection broke during COMMIT: done or
  ///   not, only reading can tell. Besides, what ``withConnection(_:)`` throws.
  @discardableResult
  public func transaction<T: Sendable>(
    _ isolation: Isolation = .readCommitted, readOnly: Bool = false,
    _ body: @escaping @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    let begin = isolation.begin(readOnly: readOnly)
    let attempts = configuration.maxAttempts
    return try await perform { worker, job in
      try worker.retrying(job, attempts: attempts) { link in
        link.isReadOnlyByWish = readOnly
        defer { link.isReadOnlyByWish = false }
        return try link.transaction(begin, body)
      }
    }
  }
}

extension Worker {
  /// Runs `attempt` until it succeeds, fails for good, or has been tried often enough.
  func retrying<T>(_ job: Job, attempts: Int, _ attempt: (Link) throws -> T) throws -> T {
    var count = 1
    while true {
      let link = try connected(for: job)
      defer { settle() }
      do {
        return try attempt(link)
      } catch let error as PostgresError where error.isRetryable && count < attempts {
        if job.isCancelled { throw CancellationError() }
        count += 1
      }
      // Those who collided should not meet again: a random pause of up to 1, 2, 4 … 64 ms from the third attempt on.
      if count > 2 { usleep(UInt32.random(in: 0...(1000 << UInt32(min(count - 3, 6))))) }
    }
  }
}

extension Link {
  /// One attempt: BEGIN, `body`, COMMIT; ROLLBACK if it fails.
  func transaction<T>(_ begin: String, _ body: (borrowing Session) throws -> T) throws -> T {
    retryableFailure = nil
    try script(begin)
    let value = try attempt(body)
    try commit()
    return value
  }

  private func attempt<T>(_ body: (borrowing Session) throws -> T) throws -> T {
    do {
      return try body(Session(link: self))
    } catch {
      throw rolledBack(after: error)
    }
  }

  /// - Returns: what to throw: the reason for which the server failed the transaction, if running it again may help,
  ///   whatever `body` made of it; else what `body` threw.
  func rolledBack(after error: any Error) -> any Error {
    let doomed = isBroken || isInFailedTransaction
    let reason = doomed ? retryableFailure ?? error : error
    if !isBroken {
      do {
        try script("ROLLBACK")
      } catch {
        // The connection is broken now, or will be found in a transaction and dropped by `settle`.
        settings.logger.debug("rollback failed", metadata: ["error": "\(error)"])
      }
    }
    return reason
  }

  func commit() throws {
    let wasBroken = isBroken
    do {
      let result = try simple("COMMIT")
      defer { PQclear(result) }
      // COMMIT of a failed transaction is answered with the tag ROLLBACK and no error.
      guard strcmp(PQcmdStatus(result), "ROLLBACK") == 0 else { return }
    } catch var error as PostgresError where error.kind == .connectionLost && !wasBroken {
      error.kind = .commitOutcomeUnknown
      throw error
    }
    throw retryableFailure
      ?? PostgresError(.transactionAborted, "a statement failed and the transaction went on as if it had not")
  }
}
