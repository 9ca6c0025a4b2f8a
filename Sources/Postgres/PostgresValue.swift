/// A value that can be sent as a parameter, in the server's binary format of ``postgresType``.
public protocol PostgresEncodable: Sendable {
  static var postgresType: PostgresType { get }
  /// True for the absent value of an optional, and for nothing else.
  var isNull: Bool { get }
  /// Appends the binary form. Not called when ``isNull``.
  func encode(into writer: inout ByteWriter)
}

extension PostgresEncodable {
  public var isNull: Bool { false }
}

/// A value that can be read from a column of a result, which always comes in binary.
public protocol PostgresDecodable: Sendable {
  /// - Throws: ``PostgresError`` of kind `decoding` when the column is of another type or NULL.
  static func decode(_ cell: borrowing Cell) throws -> Self
}

/// Both ways, and as an element of an array.
///
/// Types of other rooms conform by way of one of the built-in ones:
/// ```swift
/// extension Instant: PostgresValue {
///   public static var postgresType: PostgresType { .timestamptz }
///   public static var postgresArrayType: PostgresType { .timestamptzArray }
///   public func encode(into writer: inout ByteWriter) { Timestamp(microseconds: microseconds).encode(into: &writer) }
///   public static func decode(_ cell: borrowing Cell) throws -> Instant { … }
/// }
/// ```
public protocol PostgresValue: PostgresEncodable, PostgresDecodable {
  static var postgresArrayType: PostgresType { get }
}

/// Appends numbers and bytes in network order.
public struct ByteWriter: Sendable {
  public internal(set) var bytes: [UInt8] = []

  public init() {}

  @inlinable
  public mutating func write<I: FixedWidthInteger>(_ integer: I) {
    withUnsafeBytes(of: integer.bigEndian) { write($0) }
  }

  public mutating func write(_ buffer: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: buffer)
  }

  public mutating func write(_ array: [UInt8]) {
    bytes.append(contentsOf: array)
  }

  public mutating func write(utf8 string: String) {
    bytes.append(contentsOf: string.utf8)
  }

  /// Writes a length in 32 bits, then what `body` writes; −1 alone for NULL: the form of a field in COPY and of an
  /// element in an array.
  mutating func writeField(_ value: some PostgresEncodable) {
    if value.isNull {
      write(Int32(-1))
      return
    }
    let start = bytes.count
    write(Int32(0))
    value.encode(into: &self)
    let length = UInt32(bytes.count - start - 4)
    bytes[start] = UInt8(truncatingIfNeeded: length >> 24)
    bytes[start + 1] = UInt8(truncatingIfNeeded: length >> 16)
    bytes[start + 2] = UInt8(truncatingIfNeeded: length >> 8)
    bytes[start + 3] = UInt8(truncatingIfNeeded: length)
  }
}
