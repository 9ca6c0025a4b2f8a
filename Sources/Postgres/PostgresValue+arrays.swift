/// What an array may hold: every value as itself, and `UInt8`, whose array is not an array but `bytea`.
public protocol PostgresArrayElement: Sendable {
  static var typeOfArray: PostgresType { get }
  static func encode(array: [Self], into writer: inout ByteWriter)
  static func decodeArray(_ cell: borrowing Cell) throws -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
  public static var postgresType: PostgresType { Element.typeOfArray }
  public func encode(into writer: inout ByteWriter) { Element.encode(array: self, into: &writer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
  public static func decode(_ cell: borrowing Cell) throws -> [Element] { try Element.decodeArray(cell) }
}

/// `bytea` is a value like any other: it may be optional and an element of an array.
extension Array: PostgresValue where Element == UInt8 {
  public static var postgresArrayType: PostgresType { .byteaArray }
}

extension UInt8: PostgresArrayElement {
  public static var typeOfArray: PostgresType { .bytea }
  public static func encode(array: [UInt8], into writer: inout ByteWriter) { writer.write(array) }
  public static func decodeArray(_ cell: borrowing Cell) throws -> [UInt8] {
    guard cell.type == .bytea else { throw cell.mismatch("bytea") }
    return Array(try cell.bytes())
  }
}

extension PostgresArrayElement where Self: PostgresValue {
  public static var typeOfArray: PostgresType { postgresArrayType }

  /// One dimension, lower bound 1: dimensions, has-nulls, element type, (length, lower bound), elements.
  public static func encode(array: [Self], into writer: inout ByteWriter) {
    writer.write(Int32(array.isEmpty ? 0 : 1))
    writer.write(Int32(array.contains { $0.isNull } ? 1 : 0))
    writer.write(postgresType.oid)
    if array.isEmpty { return }
    writer.write(Int32(array.count))
    writer.write(Int32(1))
    for element in array { writer.writeField(element) }
  }

  public static func decodeArray(_ cell: borrowing Cell) throws -> [Self] {
    let bytes = try cell.bytes()
    var offset = 0
    func next() throws -> Int32 {
      guard bytes.count - offset >= 4 else { throw cell.mismatch("an array") }
      defer { offset += 4 }
      return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    guard cell.type == postgresArrayType else { throw cell.mismatch("an array of that type") }
    let dimensions = try next()
    _ = try next()
    let type = PostgresType(oid: UInt32(bitPattern: try next()))
    if dimensions == 0 { return [] }
    guard dimensions == 1 else { throw cell.mismatch("an array of one dimension") }
    let count = Int(try next())
    _ = try next()
    var array: [Self] = []
    // Every element takes at least its length word: a lying count cannot make us reserve the world.
    array.reserveCapacity(min(count, bytes.count / 4))
    for _ in 0..<count {
      let length = Int(try next())
      guard length <= bytes.count - offset else { throw cell.mismatch("an array") }
      let element = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
      array.append(try decode(Cell(type: type, value: element, column: cell.column, result: cell.result)))
      offset += max(0, length)
    }
    return array
  }
}

extension Int16: PostgresArrayElement {}
extension Int32: PostgresArrayElement {}
extension Int64: PostgresArrayElement {}
extension Int: PostgresArrayElement {}
extension Bool: PostgresArrayElement {}
extension Double: PostgresArrayElement {}
extension String: PostgresArrayElement {}
extension JSONB: PostgresArrayElement {}
extension UUIDBytes: PostgresArrayElement {}
extension Timestamp: PostgresArrayElement {}
extension Array: PostgresArrayElement where Element == UInt8 {}
extension Optional: PostgresArrayElement where Wrapped: PostgresValue {}
