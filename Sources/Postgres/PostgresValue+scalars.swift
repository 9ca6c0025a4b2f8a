extension Int16: PostgresValue {
  public static var postgresType: PostgresType { .int2 }
  public static var postgresArrayType: PostgresType { .int2Array }
  public func encode(into writer: inout ByteWriter) { writer.write(self) }
  public static func decode(_ cell: borrowing Cell) throws -> Int16 {
    guard cell.type == .int2 else { throw cell.mismatch("int2") }
    return try cell.integer()
  }
}

extension Int32: PostgresValue {
  public static var postgresType: PostgresType { .int4 }
  public static var postgresArrayType: PostgresType { .int4Array }
  public func encode(into writer: inout ByteWriter) { writer.write(self) }
  public static func decode(_ cell: borrowing Cell) throws -> Int32 {
    if cell.type == .int4 { return try cell.integer() }
    if cell.type == .int2 { return Int32(try cell.integer() as Int16) }
    throw cell.mismatch("int4")
  }
}

extension Int64: PostgresValue {
  public static var postgresType: PostgresType { .int8 }
  public static var postgresArrayType: PostgresType { .int8Array }
  public func encode(into writer: inout ByteWriter) { writer.write(self) }
  public static func decode(_ cell: borrowing Cell) throws -> Int64 {
    if cell.type == .int8 { return try cell.integer() }
    if cell.type == .int4 { return Int64(try cell.integer() as Int32) }
    if cell.type == .int2 { return Int64(try cell.integer() as Int16) }
    throw cell.mismatch("int8")
  }
}

extension Int: PostgresValue {
  public static var postgresType: PostgresType { .int8 }
  public static var postgresArrayType: PostgresType { .int8Array }
  public func encode(into writer: inout ByteWriter) { writer.write(Int64(self)) }
  public static func decode(_ cell: borrowing Cell) throws -> Int { Int(try Int64.decode(cell)) }
}

extension Bool: PostgresValue {
  public static var postgresType: PostgresType { .bool }
  public static var postgresArrayType: PostgresType { .boolArray }
  public func encode(into writer: inout ByteWriter) { writer.write(UInt8(self ? 1 : 0)) }
  public static func decode(_ cell: borrowing Cell) throws -> Bool {
    guard cell.type == .bool else { throw cell.mismatch("bool") }
    return try cell.integer() as UInt8 != 0
  }
}

extension Double: PostgresValue {
  public static var postgresType: PostgresType { .float8 }
  public static var postgresArrayType: PostgresType { .float8Array }
  public func encode(into writer: inout ByteWriter) { writer.write(bitPattern) }
  public static func decode(_ cell: borrowing Cell) throws -> Double {
    if cell.type == .float8 { return Double(bitPattern: try cell.integer()) }
    if cell.type == .float4 { return Double(Float(bitPattern: try cell.integer())) }
    throw cell.mismatch("float8")
  }
}

/// `text`; also reads `varchar`, `char(n)`, `name`, `json` and `jsonb`, and the labels of an enumeration.
extension String: PostgresValue {
  public static var postgresType: PostgresType { .text }
  public static var postgresArrayType: PostgresType { .textArray }
  public func encode(into writer: inout ByteWriter) { writer.write(utf8: self) }
  public static func decode(_ cell: borrowing Cell) throws -> String {
    let bytes = try cell.bytes()
    switch cell.type {
    case .text, .varchar, .bpchar, .name, .json, .unknown: return String(decoding: bytes, as: UTF8.self)
    // The first byte is the version of the format, 1.
    case .jsonb: return String(decoding: bytes.dropFirst(), as: UTF8.self)
    // Enumerations have identifiers of their own, above the built-in ones, and travel as their label.
    case let other where other.oid >= 16384: return String(decoding: bytes, as: UTF8.self)
    default: throw cell.mismatch("text")
    }
  }
}

/// Text that is already JSON, sent as `jsonb`.
public struct JSONB: PostgresValue, Hashable {
  public let text: String

  public init(_ text: String) {
    self.text = text
  }

  public static var postgresType: PostgresType { .jsonb }
  public static var postgresArrayType: PostgresType { .jsonbArray }
  public func encode(into writer: inout ByteWriter) {
    writer.write(UInt8(1))
    writer.write(utf8: text)
  }
  public static func decode(_ cell: borrowing Cell) throws -> JSONB {
    guard cell.type == .jsonb || cell.type == .json else { throw cell.mismatch("jsonb") }
    return JSONB(try String.decode(cell))
  }
}

/// `uuid`: sixteen bytes and no opinion about them.
public struct UUIDBytes: PostgresValue, Hashable, Comparable {
  /// The first and the last eight bytes, as numbers in network order, so that they sort as the server sorts.
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// - Returns: nil unless there are exactly sixteen.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  public var bytes: [UInt8] {
    withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
  }

  public static func < (a: UUIDBytes, b: UUIDBytes) -> Bool { (a.high, a.low) < (b.high, b.low) }

  public static var postgresType: PostgresType { .uuid }
  public static var postgresArrayType: PostgresType { .uuidArray }
  public func encode(into writer: inout ByteWriter) {
    writer.write(high)
    writer.write(low)
  }
  public static func decode(_ cell: borrowing Cell) throws -> UUIDBytes {
    let bytes = try cell.bytes()
    guard cell.type == .uuid, bytes.count == 16 else { throw cell.mismatch("uuid") }
    return UUIDBytes(
      high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
      low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }
}

/// `timestamptz`: microseconds since 1970-01-01T00:00:00Z. The server counts from 2000; this type hides it.
///
/// A moment beyond what the server can name (4714 BC to 294276) is sent as the nearest that it can.
public struct Timestamp: PostgresValue, Hashable, Comparable {
  public let microseconds: Int64

  public init(microseconds: Int64) {
    self.microseconds = microseconds
  }

  /// 2000-01-01T00:00:00Z.
  static let epoch: Int64 = 946_684_800_000_000
  /// What the server takes, in microseconds since 2000 (PostgreSQL, `datatype/timestamp.h`): `MIN_TIMESTAMP` up to, and
  /// without, `END_TIMESTAMP`. The ends of `Int64` stand for its infinities, which are no moments.
  static let wire: ClosedRange<Int64> = -211_813_488_000_000_000...9_223_371_331_199_999_999

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

  public static var postgresType: PostgresType { .timestamptz }
  public static var postgresArrayType: PostgresType { .timestamptzArray }
  public func encode(into writer: inout ByteWriter) {
    let (count, overflow) = microseconds.subtractingReportingOverflow(Timestamp.epoch)
    let bounds = Timestamp.wire
    writer.write(overflow ? bounds.lowerBound : min(max(count, bounds.lowerBound), bounds.upperBound))
  }
  /// - Throws: `decoding` for `infinity` and `-infinity` too, which are no moments.
  public static func decode(_ cell: borrowing Cell) throws -> Timestamp {
    guard cell.type == .timestamptz else { throw cell.mismatch("timestamptz") }
    let (sum, overflow) = (try cell.integer() as Int64).addingReportingOverflow(epoch)
    guard !overflow, sum != Int64.min + epoch else { throw cell.mismatch("a finite timestamptz") }
    return Timestamp(microseconds: sum)
  }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  public static var postgresType: PostgresType { Wrapped.postgresType }
  public var isNull: Bool { self?.isNull ?? true }
  public func encode(into writer: inout ByteWriter) {
    switch self {
    case .some(let value): value.encode(into: &writer)
    case .none: preconditionFailure("NULL has no binary form; isNull is asked first")
    }
  }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public static func decode(_ cell: borrowing Cell) throws -> Wrapped? {
    cell.isNull ? nil : try Wrapped.decode(cell)
  }
}

extension Optional: PostgresValue where Wrapped: PostgresValue {
  public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}
