import Text

/// Where a document is written to.
final class JSONBuffer {
  private(set) var bytes: [UInt8] = []

  init() {
    bytes.reserveCapacity(1_024)
  }

  func write(_ byte: UInt8) { bytes.append(byte) }
  func write(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
  func write(_ number: some FixedWidthInteger) { bytes.append(contentsOf: String(number).utf8) }
  func write(_ text: String) { bytes.append(contentsOf: text.utf8) }

  func write(escaped text: String) { Self.append(escaped: text, to: &bytes) }

  /// A string as it stands in JSON, with its quotes.
  static func append(escaped text: String, to bytes: inout [UInt8]) { JSONString.append(text, to: &bytes) }
}

/// `Encoder` that writes as it goes: nothing is kept but the bytes. A container is closed when its value has been
/// encoded, so containers must not be held beyond that; no synthesized conformance does.
struct JSONEncoding: Encoder {
  private let buffer: JSONBuffer
  private let scope: Scope
  private let names: FieldNames

  /// The container that a value opened.
  final class Scope {
    enum Kind { case none, object, array }
    var kind = Kind.none
    var isEmpty = true
    /// A value was written, or a container opened.
    var isUsed = false
  }

  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ buffer: JSONBuffer, names: FieldNames = .asDeclared) {
    self.buffer = buffer
    self.names = names
    scope = Scope()
  }

  func encode<Value: Encodable>(_ value: Value) throws {
    let nested = JSONEncoding(buffer, names: FieldNames(of: Value.self))
    try value.encode(to: nested)
    nested.close()
  }

  private func close() {
    switch scope.kind {
    case .none: if !scope.isUsed { buffer.write("{}") }
    case .object: buffer.write(UInt8(ascii: "}"))
    case .array: buffer.write(UInt8(ascii: "]"))
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    open(.object)
    return KeyedEncodingContainer(Keyed<Key>(buffer: buffer, scope: scope, names: names))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    open(.array)
    return Unkeyed(buffer: buffer, scope: scope)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { Single(buffer: buffer, scope: scope) }

  private func open(_ kind: Scope.Kind) {
    guard scope.kind != kind else { return }
    precondition(!scope.isUsed, "a value is one thing")
    scope.kind = kind
    scope.isUsed = true
    buffer.write(kind == .object ? UInt8(ascii: "{") : UInt8(ascii: "["))
  }

  private struct Keyed<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let buffer: JSONBuffer
    let scope: Scope
    let names: FieldNames
    var codingPath: [any CodingKey] { [] }

    private func name(_ key: Key) {
      if !scope.isEmpty { buffer.write(UInt8(ascii: ",")) }
      scope.isEmpty = false
      buffer.write(escaped: names.name(of: key))
      buffer.write(UInt8(ascii: ":"))
    }

    mutating func encodeNil(forKey key: Key) {
      name(key)
      buffer.write("null")
    }
    mutating func encode(_ value: Bool, forKey key: Key) {
      name(key)
      buffer.write(value ? "true" : "false")
    }
    mutating func encode(_ value: String, forKey key: Key) {
      name(key)
      buffer.write(escaped: value)
    }
    mutating func encode(_ value: Int, forKey key: Key) {
      name(key)
      buffer.write(value)
    }
    mutating func encode(_ value: Int64, forKey key: Key) {
      name(key)
      buffer.write(value)
    }
    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
      name(key)
      try JSONEncoding(buffer).encode(value)
    }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { preconditionFailure("documents nest by type") }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      preconditionFailure("documents nest by type")
    }
    mutating func superEncoder() -> any Encoder { preconditionFailure("documents do not inherit") }
    mutating func superEncoder(forKey key: Key) -> any Encoder { preconditionFailure("documents do not inherit") }
  }

  private struct Unkeyed: UnkeyedEncodingContainer {
    let buffer: JSONBuffer
    let scope: Scope
    var count = 0
    var codingPath: [any CodingKey] { [] }

    init(buffer: JSONBuffer, scope: Scope) {
      self.buffer = buffer
      self.scope = scope
    }

    private mutating func separate() {
      if !scope.isEmpty { buffer.write(UInt8(ascii: ",")) }
      scope.isEmpty = false
      count += 1
    }

    mutating func encodeNil() {
      separate()
      buffer.write("null")
    }
    mutating func encode(_ value: some Encodable) throws {
      separate()
      try JSONEncoding(buffer).encode(value)
    }
    mutating func nestedContainer<Nested: CodingKey>(
      keyedBy keyType: Nested.Type
    ) -> KeyedEncodingContainer<Nested> { preconditionFailure("documents nest by type") }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      preconditionFailure("documents nest by type")
    }
    mutating func superEncoder() -> any Encoder { preconditionFailure("documents do not inherit") }
  }

  private struct Single: SingleValueEncodingContainer {
    let buffer: JSONBuffer
    let scope: Scope
    var codingPath: [any CodingKey] { [] }

    private func put(_ text: String) {
      scope.isUsed = true
      buffer.write(text)
    }

    private func put(number: some FixedWidthInteger) {
      scope.isUsed = true
      buffer.write(number)
    }

    mutating func encodeNil() { put("null") }
    mutating func encode(_ value: Bool) { put(value ? "true" : "false") }
    mutating func encode(_ value: String) {
      scope.isUsed = true
      buffer.write(escaped: value)
    }
    // JSON has no infinities and no NaN: null says that there is no number.
    mutating func encode(_ value: Double) { put(value.isFinite ? "\(value)" : "null") }
    mutating func encode(_ value: Float) { put(value.isFinite ? "\(value)" : "null") }
    mutating func encode(_ value: Int) { put(number: value) }
    mutating func encode(_ value: Int8) { put(number: value) }
    mutating func encode(_ value: Int16) { put(number: value) }
    mutating func encode(_ value: Int32) { put(number: value) }
    mutating func encode(_ value: Int64) { put(number: value) }
    mutating func encode(_ value: UInt) { put(number: value) }
    mutating func encode(_ value: UInt8) { put(number: value) }
    mutating func encode(_ value: UInt16) { put(number: value) }
    mutating func encode(_ value: UInt32) { put(number: value) }
    mutating func encode(_ value: UInt64) { put(number: value) }
    mutating func encode(_ value: some Encodable) throws {
      scope.isUsed = true
      try JSONEncoding(buffer).encode(value)
    }
  }
}
