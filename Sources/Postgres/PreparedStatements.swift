import CLibpq

/// The statements one connection has prepared, by their text.
///
/// SQL is written whole, with `$1` for values, so there are as many as the program has statements. Code that builds
/// text would fill the server with them; past ``limit`` all are dropped.
struct PreparedStatements {
  struct Entry {
    let name: String
    let types: [Oid]
  }

  static let limit = 1000

  private var entries: [String: Entry] = [:]
  private var created = 0
  /// Of this connection, in this life of it: behind a pooler a name may meet statements of other sessions.
  private let prefix = "leasehold_\(String(UInt64.random(in: .min ... .max), radix: 36))_"

  func find(_ sql: String, types: [Oid]) -> String? {
    guard let entry = entries[sql], entry.types == types else { return nil }
    return entry.name
  }

  var isFull: Bool { entries.count >= PreparedStatements.limit }

  /// Names are never used twice, so that a statement dropped here and one on the server cannot be confused. The
  /// same text with other types replaces the first.
  mutating func newName() -> String {
    created += 1
    return "\(prefix)\(created)"
  }

  mutating func insert(_ sql: String, name: String, types: [Oid]) {
    entries[sql] = Entry(name: name, types: types)
  }

  mutating func forget(_ sql: String) {
    entries[sql] = nil
  }

  mutating func removeAll() {
    entries.removeAll()
  }
}

extension Link {
  /// - Returns: the name under which the server knows the statement.
  func prepare(_ sql: String, _ parameters: borrowing Parameters) throws -> String {
    let types = parameters.types
    if let name = prepared.find(sql, types: types) { return name }
    try makeRoomForPrepared()
    let name = prepared.newName()
    try require(PQsendPrepare(raw, name, sql, Int32(types.count), types))
    PQclear(try checked(answer(), sql))
    prepared.insert(sql, name: name, types: types)
    return name
  }
}
