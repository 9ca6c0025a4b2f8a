/// A JSON text as it was read. Numbers keep their spelling, so that no integer passes through a floating-point one.
indirect enum JSONNode: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONNode])
  /// In the order of the text; names are unique.
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: JSONNode
  }

  var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
