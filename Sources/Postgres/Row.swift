import CLibpq

/// One row of a result, valid only during the closure that is handed it.
public struct Row: ~Copyable {
  let result: OpaquePointer
  let index: Int32

  /// Reads a column by its position from 0, as the type the context asks for: `let id: UUIDBytes = try row[0]`.
  /// An optional reads NULL as nil.
  public subscript<T: PostgresDecodable>(column: Int) -> T {
    get throws { try T.decode(cell(column)) }
  }

  public func int16(_ column: Int) throws -> Int16 { try self[column] }
  public func int32(_ column: Int) throws -> Int32 { try self[column] }
  public func int64(_ column: Int) throws -> Int64 { try self[column] }
  public func int(_ column: Int) throws -> Int { try self[column] }
  public func bool(_ column: Int) throws -> Bool { try self[column] }
  public func double(_ column: Int) throws -> Double { try self[column] }
  public func string(_ column: Int) throws -> String { try self[column] }
  public func bytes(_ column: Int) throws -> [UInt8] { try self[column] }
  public func uuid(_ column: Int) throws -> UUIDBytes { try self[column] }
  /// Microseconds since 1970.
  public func timestamp(_ column: Int) throws -> Int64 { try (self[column] as Timestamp).microseconds }

  public func isNull(_ column: Int) -> Bool { PQgetisnull(result, index, Int32(column)) == 1 }

  public var columnCount: Int { Int(PQnfields(result)) }

  /// The raw value, for conformances of ``PostgresDecodable``.
  public func cell(_ column: Int) -> Cell {
    let column = Int32(column)
    precondition(column >= 0 && column < PQnfields(result), "the statement returns no column \(column)")
    let type = PostgresType(oid: PQftype(result, column))
    var value: UnsafeRawBufferPointer?
    if PQgetisnull(result, index, column) == 0 {
      value = UnsafeRawBufferPointer(
        start: PQgetvalue(result, index, column), count: Int(PQgetlength(result, index, column)))
    }
    return Cell(type: type, value: value, column: column, result: result)
  }
}

/// One value of one row, or one element of an array in it, in the server's binary format.
public struct Cell: ~Copyable {
  public let type: PostgresType
  let value: UnsafeRawBufferPointer?
  let column: Int32
  let result: OpaquePointer

  public var isNull: Bool { value == nil }

  /// The bytes, valid as long as the cell.
  public func bytes() throws -> UnsafeRawBufferPointer {
    guard let value else { throw failure("is NULL") }
    return value
  }

  /// An integer in network order that fills the value exactly.
  public func integer<I: FixedWidthInteger>() throws -> I {
    let bytes = try bytes()
    guard bytes.count == MemoryLayout<I>.size else { throw failure("has \(bytes.count) bytes") }
    return I(bigEndian: bytes.loadUnaligned(as: I.self))
  }

  /// The error to throw when the value is not of the type wanted.
  public func mismatch(_ wanted: String) -> PostgresError {
    failure(isNull ? "is NULL, not \(wanted)" : "is of type \(type.oid), not \(wanted)")
  }

  private func failure(_ what: String) -> PostgresError {
    let name = PQfname(result, column).map { String(cString: $0) } ?? "?"
    return PostgresError(.decoding, "column \(column) (\(name)) \(what)")
  }
}

/// The rows a statement returned, or how many it touched.
///
/// `@unchecked Sendable`: a `PGresult` is never written to after libpq has handed it out, and freed once, here.
public final class ResultSet: @unchecked Sendable {
  private let result: OpaquePointer

  /// Takes the result over.
  init(_ result: OpaquePointer) {
    self.result = result
  }

  deinit {
    PQclear(result)
  }

  public var count: Int { Int(PQntuples(result)) }

  /// Rows inserted, updated, deleted or selected, as the command tag says.
  public var affected: Int { affectedRows(result) }

  public func map<T>(_ body: (borrowing Row) throws -> T) rethrows -> [T] {
    try mapRows(result, body)
  }

  public func first<T>(_ body: (borrowing Row) throws -> T) rethrows -> T? {
    count == 0 ? nil : try body(Row(result: result, index: 0))
  }
}

func mapRows<T>(_ result: OpaquePointer, _ body: (borrowing Row) throws -> T) rethrows -> [T] {
  let count = PQntuples(result)
  var rows: [T] = []
  rows.reserveCapacity(Int(count))
  for index in 0..<count {
    rows.append(try body(Row(result: result, index: index)))
  }
  return rows
}

/// The number at the end of the command tag, read without a copy.
func affectedRows(_ result: OpaquePointer) -> Int {
  guard var digit = PQcmdTuples(result) else { return 0 }
  var count = 0
  while digit.pointee != 0 {
    count = count * 10 + Int(digit.pointee - 48)
    digit += 1
  }
  return count
}
