import CLibpq

/// What tells libpq where to connect: a URL or `key=value` pairs (PostgreSQL manual, 34.1.1).
public struct ConnectionString: Sendable {
  public let text: String

  public init(_ text: String) {
    self.text = text
  }

  /// The same server, user and settings, but for `changes`, by libpq's keywords (`dbname`, `sslmode`, …).
  /// - Throws: `misuse` for text that cannot be parsed, without repeating it: it may hold a password.
  public func changing(_ changes: [String: String]) throws -> String {
    let pairs = try settings().merging(changes) { _, new in new }
    return pairs.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }.joined(separator: " ")
  }

  /// What the text says, by libpq's keywords.
  /// - Throws: `misuse` for text that cannot be parsed.
  public func settings() throws -> [String: String] {
    guard let options = PQconninfoParse(text, nil) else {
      throw PostgresError(.misuse, "the connection string cannot be parsed")
    }
    defer { PQconninfoFree(options) }
    var pairs: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { pairs[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return pairs
  }

  private func quoted(_ value: String) -> String {
    var text = "'"
    for character in value {
      if character == "'" || character == "\\" { text.append("\\") }
      text.append(character)
    }
    return text + "'"
  }
}
