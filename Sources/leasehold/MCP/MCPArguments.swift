import Wire

/// What a tool of the Model Context Protocol may be given: one property of its JSON Schema.
struct MCPField: Sendable {
  enum Kind: Sendable {
    /// At most so many bytes.
    case text(Int)
    case integer(ClosedRange<Int64>)
    case flag
    /// Strings, in their order.
    case texts
    /// Names and values, both strings.
    case variables
  }

  var name: String
  var kind: Kind
  var isRequired = false
  var description: String

  init(_ name: String, _ kind: Kind, required: Bool = false, _ description: String) {
    (self.name, self.kind, isRequired, self.description) = (name, kind, required, description)
  }

  var schema: JSONNode {
    let type: [JSONNode.Member] =
      switch kind {
      case .text: [.init(name: "type", value: "string")]
      case .integer(let range):
        [
          .init(name: "type", value: "integer"), .init(name: "minimum", value: .number("\(range.lowerBound)")),
          .init(name: "maximum", value: .number("\(range.upperBound)")),
        ]
      case .flag: [.init(name: "type", value: "boolean")]
      case .texts: [.init(name: "type", value: "array"), .init(name: "items", value: ["type": "string"])]
      case .variables:
        [.init(name: "type", value: "object"), .init(name: "additionalProperties", value: ["type": "string"])]
      }
    return .object(type + [.init(name: "description", value: .string(description))])
  }

  /// - Throws: what is wrong with a value, for who sent it.
  fileprivate func check(_ value: JSONNode) throws(Complaint) {
    switch kind {
    case .text(let longest):
      guard let text = value.string else { throw .usage("'\(name)' is not a string") }
      try Self.check(text, "'\(name)'")
      guard text.utf8.count <= longest else { throw .usage("'\(name)' has more than \(longest) bytes") }
    case .integer(let range):
      guard let number = value.integer, range.contains(number) else {
        throw .usage("'\(name)' is no integer from \(range.lowerBound) to \(range.upperBound)")
      }
    case .flag:
      guard value.bool != nil else { throw .usage("'\(name)' is neither true nor false") }
    case .texts:
      guard let texts = value.array?.map(\.string), !texts.contains(nil) else {
        throw .usage("'\(name)' is not an array of strings")
      }
      for text in texts { try Self.check(text ?? "", "an element of '\(name)'") }
    case .variables:
      guard let members = value.members, members.allSatisfy({ $0.value.string != nil }) else {
        throw .usage("'\(name)' is not an object of strings")
      }
      for member in members {
        guard !member.name.isEmpty, !member.name.contains("=") else {
          throw .usage("'\(member.name)' in '\(name)' is no name of a variable")
        }
        try Self.check(member.name, "a name in '\(name)'")
        try Self.check(member.value.string ?? "", "a value in '\(name)'")
      }
    }
  }

  /// A word of a command line ends at its first NUL.
  private static func check(_ text: String, _ what: String) throws(Complaint) {
    guard !text.utf8.contains(0) else { throw .usage("\(what) contains a NUL") }
  }
}

/// What a tool was given, held against its fields.
struct MCPArguments: Sendable {
  private let values: [String: JSONNode]

  /// - Throws: what is missing, unknown, or not of its kind.
  init(_ given: JSONNode?, for fields: [MCPField]) throws(Complaint) {
    guard let members = (given ?? [:]).members else { throw .usage("the arguments are not an object") }
    var values: [String: JSONNode] = [:]
    for member in members where member.value != .null {
      guard let field = fields.first(where: { $0.name == member.name }) else {
        let known = fields.map(\.name).joined(separator: ", ")
        throw .usage("there is no argument '\(member.name)'; there are: \(known.isEmpty ? "none" : known)")
      }
      try field.check(member.value)
      values[member.name] = member.value
    }
    for field in fields where field.isRequired && values[field.name] == nil {
      throw .usage("the argument '\(field.name)' is missing")
    }
    self.values = values
  }

  func text(_ name: String) -> String? { values[name]?.string }
  func integer(_ name: String) -> Int64? { values[name]?.integer }
  func flag(_ name: String) -> Bool { values[name]?.bool ?? false }
  func texts(_ name: String) -> [String] { values[name]?.array?.compactMap(\.string) ?? [] }
  func variables(_ name: String) -> [(name: String, value: String)] {
    values[name]?.members?.map { ($0.name, $0.value.string ?? "") } ?? []
  }

  /// What stands on the command line by itself, and must not be taken for an option.
  func word(_ name: String) throws(Complaint) -> String {
    let text = text(name) ?? ""
    guard !text.isEmpty, text.utf8.first != UInt8(ascii: "-") else { throw .usage("'\(name)' is empty, or an option") }
    return text
  }

  /// `LEASE:path`.
  func place() throws(Complaint) -> String {
    let lease = try word("lease")
    guard !lease.contains(":"), !lease.contains("/") else { throw .usage("'lease' is no lease") }
    let path = text("path") ?? "/"
    return "\(lease):\(path.hasPrefix("/") ? path : "/" + path)"
  }

  /// `--option=value`, where there is a value.
  func option(_ option: String, _ name: String) -> [String] {
    if let text = text(name) { return ["--\(option)=\(text)"] }
    if let number = integer(name) { return ["--\(option)=\(number)"] }
    return []
  }
}
