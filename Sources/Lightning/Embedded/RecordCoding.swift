import Macaroons

/// Writes a record's fields one after the other: numbers in eight bytes, little end first; texts with their length.
struct RecordWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ byte: UInt8) { bytes.append(byte) }

  mutating func put(_ number: Int64) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func put(_ value: Bytes32) {
    value.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) {
    put(Int64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// The bytes so far; the writer starts anew.
  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}

/// Reads what ``RecordWriter`` wrote; every answer is `nil` where the bytes run out.
struct RecordReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func byte() -> UInt8? { rest.popFirst() }

  mutating func number() -> Int64? {
    take(8).map { $0.reversed().reduce(0) { $0 << 8 | Int64($1) } }
  }

  mutating func bytes32() -> Bytes32? {
    take(32).flatMap { Bytes32($0) }
  }

  mutating func text() -> String? {
    guard let count = number(), count >= 0, count <= rest.count, let bytes = take(Int(count)) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= rest.count else { return nil }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }
}
