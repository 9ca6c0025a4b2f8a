/// What one decoding has in common.
final class NodeReader {
  let unknownFields: JSON.UnknownFields

  init(unknownFields: JSON.UnknownFields) {
    self.unknownFields = unknownFields
  }
}

/// `Decoder` over a tree that was read. Every fault names the field by its path from the document's root.
struct NodeDecoder: Decoder {
  let node: JSONNode
  let path: String
  let reader: NodeReader
  /// Of the type that is decoded from here.
  var names = FieldNames.asDeclared

  var codingPath: [any CodingKey] { path.isEmpty ? [] : path.split(separator: ".").map { PathKey(String($0)) } }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  init(_ node: JSONNode, path: String, reader: NodeReader) {
    self.node = node
    self.path = path
    self.reader = reader
  }

  /// Decodes, and then sees whether the object had fields nobody asked for.
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    var own = self
    own.names = FieldNames(of: type)
    guard case .object(let members) = node, reader.unknownFields == .refused else { return try T(from: own) }
    let asked = AskedNames()
    let value = try T(from: AskingDecoder(base: own, asked: asked))
    if let unknown = members.first(where: { !asked.names.contains($0.name) }), !asked.all {
      throw JSONFault.field(at(unknown.name), "is not a field here")
    }
    return value
  }

  func at(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  func mismatch(_ wanted: String) -> JSONFault { .field(path, "is \(wanted), not \(node.kind)") }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try keyed(by: type, asked: nil)
  }

  func keyed<Key: CodingKey>(by type: Key.Type, asked: AskedNames?) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = node else { throw mismatch("an object") }
    return KeyedDecodingContainer(NodeKeyed<Key>(decoder: self, members: members, asked: asked))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let elements) = node else { throw mismatch("an array") }
    return NodeUnkeyed(decoder: self, elements: elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { NodeSingle(decoder: self) }
}

/// The names of an object's fields that its type asked for.
final class AskedNames {
  var names: Set<String> = []
  /// A dictionary takes whatever there is.
  var all = false
}

/// Hands out a container that remembers what was asked for.
private struct AskingDecoder: Decoder {
  let base: NodeDecoder
  let asked: AskedNames

  var codingPath: [any CodingKey] { base.codingPath }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    try base.keyed(by: type, asked: asked)
  }
  func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try base.unkeyedContainer() }
  func singleValueContainer() throws -> any SingleValueDecodingContainer {
    asked.all = true
    return try base.singleValueContainer()
  }
}

private struct PathKey: CodingKey {
  let stringValue: String
  var intValue: Int? { Int(stringValue) }
  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { stringValue = String(intValue) }
}

private struct NodeKeyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder
  let members: [JSONNode.Member]
  let asked: AskedNames?

  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] {
    asked?.all = true
    return members.compactMap { Key(stringValue: $0.name) }
  }

  private func find(_ key: Key) -> JSONNode? {
    let name = decoder.names.name(of: key)
    asked?.names.insert(name)
    return members.first { $0.name == name }?.value
  }

  private func nested(_ key: Key) throws -> NodeDecoder {
    let path = decoder.at(decoder.names.name(of: key))
    guard let node = find(key) else { throw JSONFault.field(path, "is missing") }
    return NodeDecoder(node, path: path, reader: decoder.reader)
  }

  func contains(_ key: Key) -> Bool { find(key) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { find(key) == .null }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try NodeSingle(decoder: nested(key)).decode(type) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String {
    try NodeSingle(decoder: nested(key)).decode(type)
  }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try NodeSingle(decoder: nested(key)).decode(type) }
  func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
    try NodeSingle(decoder: nested(key)).decode(type)
  }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try nested(key).decode(type) }
  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> { try nested(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }
}

private struct NodeUnkeyed: UnkeyedDecodingContainer {
  let decoder: NodeDecoder
  let elements: [JSONNode]
  var currentIndex = 0

  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  init(decoder: NodeDecoder, elements: [JSONNode]) {
    self.decoder = decoder
    self.elements = elements
  }

  private mutating func next() throws -> NodeDecoder {
    guard !isAtEnd else { throw JSONFault.field(decoder.at(String(currentIndex)), "is missing") }
    defer { currentIndex += 1 }
    return NodeDecoder(elements[currentIndex], path: decoder.at(String(currentIndex)), reader: decoder.reader)
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }
  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> { try next().container(keyedBy: type) }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct NodeSingle: SingleValueDecodingContainer {
  let decoder: NodeDecoder

  var codingPath: [any CodingKey] { decoder.codingPath }

  func decodeNil() -> Bool { decoder.node == .null }

  func decode(_ type: Bool.Type) throws -> Bool {
    guard case .bool(let value) = decoder.node else { throw decoder.mismatch("a boolean") }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    guard case .string(let value) = decoder.node else { throw decoder.mismatch("a string") }
    return value
  }

  private func number<N: LosslessStringConvertible>(_ type: N.Type, _ wanted: String) throws -> N {
    guard case .number(let text) = decoder.node else { throw decoder.mismatch(wanted) }
    guard let value = N(text) else { throw JSONFault.field(decoder.path, "is \(wanted) in its range") }
    return value
  }

  func decode(_ type: Double.Type) throws -> Double { try number(type, "a number") }
  func decode(_ type: Float.Type) throws -> Float { try number(type, "a number") }
  func decode(_ type: Int.Type) throws -> Int { try number(type, "an integer") }
  func decode(_ type: Int8.Type) throws -> Int8 { try number(type, "an integer") }
  func decode(_ type: Int16.Type) throws -> Int16 { try number(type, "an integer") }
  func decode(_ type: Int32.Type) throws -> Int32 { try number(type, "an integer") }
  func decode(_ type: Int64.Type) throws -> Int64 { try number(type, "an integer") }
  func decode(_ type: UInt.Type) throws -> UInt { try number(type, "an integer") }
  func decode(_ type: UInt8.Type) throws -> UInt8 { try number(type, "an integer") }
  func decode(_ type: UInt16.Type) throws -> UInt16 { try number(type, "an integer") }
  func decode(_ type: UInt32.Type) throws -> UInt32 { try number(type, "an integer") }
  func decode(_ type: UInt64.Type) throws -> UInt64 { try number(type, "an integer") }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type) }
}
