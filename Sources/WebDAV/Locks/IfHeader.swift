/// The `If` header (RFC 4918 §10.4): lists of conditions, each on the request's resource or on one it names.
struct IfHeader: Hashable, Sendable {
  enum Condition: Hashable, Sendable {
    case token(String, not: Bool)
    /// An entity tag with its quotes.
    case etag(String, not: Bool)
  }

  struct List: Hashable, Sendable {
    /// The address in front of it; `nil`: the request's own.
    var resource: String?
    var conditions: [Condition]
  }

  var lists: [List]

  /// Every state token that was sent, whatever its condition says: that is what "submitted" means.
  var tokens: Set<String> {
    Set(
      lists.flatMap(\.conditions).compactMap {
        switch $0 {
        case .token(let token, _): token
        case .etag: nil
        }
      })
  }

  /// - Throws: `400` for what is not of the RFC's form.
  init(_ text: String) throws(DoorProblem) {
    var scanner = Scanner(rest: text[...])
    lists = []
    var resource: String?
    scanner.skipSpace()
    while let next = scanner.rest.first {
      switch next {
      case "<": resource = try scanner.enclosed("<", ">")
      case "(": lists.append(List(resource: resource, conditions: try scanner.conditions()))
      default: throw Scanner.malformed
      }
      guard lists.count <= 64 else { throw Scanner.malformed }
      scanner.skipSpace()
    }
    guard !lists.isEmpty else { throw Scanner.malformed }
  }

  private struct Scanner {
    static let malformed = DoorProblem(400, .badHeader, "the If header is malformed")

    var rest: Substring

    mutating func skipSpace() {
      rest = rest.drop { $0 == " " || $0 == "\t" }
    }

    mutating func enclosed(_ open: Character, _ close: Character) throws(DoorProblem) -> String {
      guard rest.first == open, let end = rest.firstIndex(of: close) else { throw Scanner.malformed }
      let text = rest[rest.index(after: rest.startIndex)..<end]
      rest = rest[rest.index(after: end)...]
      return String(text)
    }

    mutating func conditions() throws(DoorProblem) -> [Condition] {
      rest = rest.dropFirst()
      var conditions: [Condition] = []
      while true {
        skipSpace()
        var not = false
        if rest.prefix(3).lowercased() == "not" {
          not = true
          rest = rest.dropFirst(3)
          skipSpace()
        }
        switch rest.first {
        case "<": conditions.append(.token(try enclosed("<", ">"), not: not))
        case "[": conditions.append(.etag(try enclosed("[", "]"), not: not))
        case ")" where !not && !conditions.isEmpty:
          rest = rest.dropFirst()
          return conditions
        default: throw Scanner.malformed
        }
        guard conditions.count <= 64 else { throw Scanner.malformed }
      }
    }
  }
}
