import HTTPTypes

/// The conditional headers of RFC 9110 §13, in its order.
public struct Conditions: Sendable {
  public enum Verdict: Hashable, Sendable {
    case proceed
    /// `304`, for GET and HEAD.
    case notModified
    /// `412`.
    case failed
  }

  private let ifMatch: [EntityTag]?
  private let ifNoneMatch: [EntityTag]?
  private let ifUnmodifiedSince: Int64?
  private let ifModifiedSince: Int64?
  private let ifRange: String?

  public init(_ headers: HTTPFields) {
    ifMatch = headers[.ifMatch].map(EntityTag.list)
    ifNoneMatch = headers[.ifNoneMatch].map(EntityTag.list)
    ifUnmodifiedSince = ifMatch == nil ? headers[.ifUnmodifiedSince].flatMap { HTTPDate.parse($0) } : nil
    ifModifiedSince = ifNoneMatch == nil ? headers[.ifModifiedSince].flatMap { HTTPDate.parse($0) } : nil
    ifRange = headers[.ifRange]
  }

  /// - Parameters:
  ///   - entry: what is there now, if anything.
  ///   - reading: whether the method is GET or HEAD.
  public func verdict(on entry: Entry?, reading: Bool) -> Verdict {
    if let ifMatch, !ifMatch.contains(where: { $0.matches(entry, weakly: false) }) { return .failed }
    if let ifUnmodifiedSince, let entry, entry.modified.seconds > ifUnmodifiedSince { return .failed }
    if let ifNoneMatch, ifNoneMatch.contains(where: { $0.matches(entry, weakly: true) }) {
      return reading ? .notModified : .failed
    }
    if reading, let ifModifiedSince, let entry, entry.modified.seconds <= ifModifiedSince { return .notModified }
    return .proceed
  }

  /// Whether a `Range` may be honoured (§13.1.5).
  public func rangeApplies(to entry: Entry) -> Bool {
    guard let ifRange else { return true }
    if let tag = EntityTag.list(ifRange).first { return tag.matches(entry, weakly: false) }
    return HTTPDate.parse(ifRange) == entry.modified.seconds
  }
}

/// One member of an entity-tag list.
enum EntityTag: Hashable, Sendable {
  case any
  /// With its quotes.
  case tag(String, weak: Bool)

  static func list(_ text: String) -> [EntityTag] {
    var tags: [EntityTag] = []
    var rest = text[...]
    while let first = rest.first {
      if first == "*" {
        tags.append(.any)
        rest = rest.dropFirst()
      } else if first == "\"" || rest.hasPrefix("W/\"") {
        let weak = first == "W"
        if weak { rest = rest.dropFirst(2) }
        guard let end = rest.dropFirst().firstIndex(of: "\"") else { return tags }
        tags.append(.tag(String(rest[...end]), weak: weak))
        rest = rest[rest.index(after: end)...]
      } else {
        rest = rest.dropFirst()
      }
    }
    return tags
  }

  func matches(_ entry: Entry?, weakly: Bool) -> Bool {
    guard let entry else { return false }
    switch self {
    case .any: return true
    case .tag(let text, let weak): return (weakly || !weak) && text == entry.etag
    }
  }
}
