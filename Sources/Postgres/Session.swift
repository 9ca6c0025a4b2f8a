import CLibpq

/// The use of one connection for the length of a closure, which runs on that connection's own thread: every call
/// blocks that thread and none other.
///
/// It can be neither copied nor kept. Inside ``Pool/transaction(_:readOnly:_:)`` it is the transaction.
public struct Session: ~Copyable {
  let link: Link

  /// Runs a statement and turns each row into a value.
  /// ```swift
  /// let due = try db.query("SELECT id, version FROM lease WHERE wakes_at <= $1", now) { row in
  ///   (id: try row.uuid(0), version: try row.int64(1))
  /// }
  /// ```
  public func query<each P: PostgresEncodable, T>(
    _ sql: String, _ values: repeat each P, row: (borrowing Row) throws -> T
  ) throws -> [T] {
    link.parameters.removeAll()
    repeat link.parameters.append(each values)
    let result = try link.execute(sql)
    defer { PQclear(result) }
    return try mapRows(result, row)
  }

  /// Runs a statement and turns its first row, if there is one, into a value.
  public func first<each P: PostgresEncodable, T>(
    _ sql: String, _ values: repeat each P, row: (borrowing Row) throws -> T
  ) throws -> T? {
    link.parameters.removeAll()
    repeat link.parameters.append(each values)
    let result = try link.execute(sql)
    defer { PQclear(result) }
    return PQntuples(result) == 0 ? nil : try row(Row(result: result, index: 0))
  }

  /// Runs a statement for what it does.
  /// - Returns: how many rows it inserted, updated, deleted or selected.
  @discardableResult
  public func execute<each P: PostgresEncodable>(_ sql: String, _ values: repeat each P) throws -> Int {
    link.parameters.removeAll()
    repeat link.parameters.append(each values)
    let result = try link.execute(sql)
    defer { PQclear(result) }
    return affectedRows(result)
  }

  /// The same with values gathered beforehand.
  public func run(_ sql: String, _ parameters: Parameters) throws -> ResultSet {
    ResultSet(try link.execute(sql, parameters))
  }

  /// Runs any number of statements without parameters by the simple protocol, as `psql` would. What they return is
  /// dropped. Several statements outside a transaction are one transaction.
  public func script(_ sql: String) throws {
    try link.script(sql)
  }

  /// Runs `body` so that its failure undoes its own statements only, and the transaction goes on.
  /// - Throws: what `body` threw, after undoing. A failure of the whole transaction (serialization, deadlock,
  ///   connection) should be thrown on, for the transaction to be run again.
  public func savepoint<T>(_ body: (borrowing Session) throws -> T) throws -> T {
    try link.script("SAVEPOINT nested")
    do {
      let value = try body(self)
      try link.script("RELEASE SAVEPOINT nested")
      return value
    } catch {
      if !link.isBroken { try link.script("ROLLBACK TO SAVEPOINT nested; RELEASE SAVEPOINT nested") }
      throw error
    }
  }

  /// Lets the statements that follow take so long, until the connection goes back to its pool; `nil`: as long as they
  /// like. Undone by a rollback.
  public func allow(_ limit: Duration?) throws {
    try link.allow(limit)
  }

  /// Sends a notification; inside a transaction, with its commit.
  public func notify(_ channel: String, _ payload: String = "") throws {
    try execute("SELECT pg_notify($1, $2)", channel, payload)
  }
}
