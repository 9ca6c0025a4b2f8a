/// Names one value inside a JSON text (RFC 6901): `/result/XXBTZUSD/c/0`. Empty: the whole of it.
public struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
  public let description: String
  private let steps: [String]

  /// `nil` unless every step has a slash in front of it, and every `~` is `~0` or `~1`.
  public init?(_ text: String) {
    description = text
    guard !text.isEmpty else {
      steps = []
      return
    }
    guard text.first == "/" else { return nil }
    var steps: [String] = []
    for step in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      let parts = step.split(separator: "~", omittingEmptySubsequences: false)
      guard parts.dropFirst().allSatisfy({ $0.first == "0" || $0.first == "1" }) else { return nil }
      steps.append(
        parts.dropFirst().reduce(String(parts[0])) { $0 + ($1.first == "0" ? "~" : "/") + $1.dropFirst() })
    }
    self.steps = steps
  }

  /// The spelling of the number that stands there, or of a text in quotation marks, which is how many write one that is
  /// not to lose its last digits.
  ///
  /// - Throws: ``JSONFault``: the text is not JSON, or there is no such value in it.
  public func numberText(in bytes: some Sequence<UInt8>) throws(JSONFault) -> String {
    var node = try JSONParser.parse(Array(bytes))
    for step in steps {
      switch node {
      case .object(let members):
        guard let member = members.first(where: { $0.name == step }) else { throw .field(description, "is missing") }
        node = member.value
      case .array(let elements):
        guard let index = JSONPointer.index(step), index < elements.count else {
          throw .field(description, "is missing")
        }
        node = elements[index]
      case .null, .bool, .number, .string:
        throw .field(description, "is missing")
      }
    }
    switch node {
    case .number(let text), .string(let text): return text
    case .null, .bool, .array, .object: throw .field(description, "is \(node.kind), not a number")
    }
  }

  /// Digits without a zero in front, as the RFC has it.
  private static func index(_ step: String) -> Int? {
    guard step == "0" || step.utf8.first != 0x30, step.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
    return Int(step)
  }
}
