import CLibpq

extension Link {
  /// Sends the statements with one Sync and waits for all answers.
  func pipeline(_ batch: Batch) throws -> [Result<ResultSet, PostgresError>] {
    hasSentSync = false
    if batch.count == 0 { return [] }
    var cutAfter = false
    for entry in batch.entries {
      let cut = try willSend(entry.sql)
      cutAfter = cutAfter || cut
    }
    try makeRoomForPrepared()
    do {
      try require(PQenterPipelineMode(raw))
      var sent: [SentStatement] = []
      for entry in batch.entries {
        try sent.append(send(entry.sql, entry.parameters, after: sent))
      }
      hasSentSync = true
      try require(PQpipelineSync(raw))
      if cutAfter {
        try flush(since: .now)
        sever()
      }
      let results = try receive(PipelineProgress(sent))
      try require(PQexitPipelineMode(raw))
      return results
    } catch {
      // Left in the middle of a pipeline a connection is of no use.
      isCondemned = true
      throw error
    }
  }

  private func receive(_ progress: consuming PipelineProgress) throws -> [Result<ResultSet, PostgresError>] {
    var results: [Result<ResultSet, PostgresError>] = []
    results.reserveCapacity(progress.sent.count)
    var began = ContinuousClock.now
    while true {
      switch try progress.take(nextResult(since: began), on: self) {
      case .more: if isBroken { throw noting(connectionError(nil)) }
      case .answered(let answer):
        results.append(answer.map(ResultSet.init))
        began = .now
      case .synced: return results
      }
    }
  }

  /// Queues a statement, and before it its preparation unless the server knows it or one of `earlier` brings it.
  func send(_ sql: String, _ parameters: borrowing Parameters, after earlier: [SentStatement]) throws -> SentStatement {
    let types = parameters.types
    var name = prepared.find(sql, types: types)
    if name == nil {
      name = earlier.first { $0.preparing != nil && $0.sql == sql && $0.types == types }?.preparing
    }
    var preparing: String?
    if name == nil {
      preparing = prepared.newName()
      try require(PQsendPrepare(raw, preparing, sql, Int32(types.count), types))
    }
    let count = Int32(parameters.count)
    try require(
      parameters.withPointers { values, lengths, formats in
        PQsendQueryPrepared(raw, name ?? preparing, count, values, lengths, formats, 1)
      })
    return SentStatement(sql: sql, types: types, preparing: preparing)
  }

  func require(_ success: Int32) throws {
    guard success == 1 else { throw noting(connectionError(nil)) }
  }

  /// Drops all prepared statements when there are too many. Not inside a pipeline.
  func makeRoomForPrepared() throws {
    guard prepared.isFull else { return }
    try require(PQsendQuery(raw, "DEALLOCATE ALL"))
    PQclear(try checked(answer(), "DEALLOCATE ALL"))
    prepared.removeAll()
  }
}
