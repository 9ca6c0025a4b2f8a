/// The `Range` header (RFC 9110 §14), against a length.
public enum ByteRange: Hashable, Sendable {
  /// There is none, or one that is to be ignored: everything is sent.
  case whole
  case part(Range<Int64>)
  /// `416`.
  case unsatisfiable

  /// Several ranges are joined when they touch; when they do not, the header is ignored, as §14.2 allows, for a client
  /// that wants two pieces of a file is as well served by two requests.
  public init(header: String?, length: Int64) {
    guard let header, let specs = Self.specs(header) else {
      self = .whole
      return
    }
    let ranges = specs.compactMap { Self.resolve($0, length: length) }.sorted { $0.lowerBound < $1.lowerBound }
    guard var joined = ranges.first else {
      self = .unsatisfiable
      return
    }
    for range in ranges.dropFirst() {
      guard range.lowerBound <= joined.upperBound else {
        self = .whole
        return
      }
      joined = joined.lowerBound..<max(joined.upperBound, range.upperBound)
    }
    self = .part(joined)
  }

  private typealias Spec = (first: Int64?, last: Int64?)

  /// `nil` when the header is not of the form the RFC gives: such a header is ignored.
  private static func specs(_ header: String) -> [Spec]? {
    guard let equals = header.firstIndex(of: "="), header[..<equals].lowercased() == "bytes" else { return nil }
    var specs: [Spec] = []
    for piece in header[header.index(after: equals)...].split(separator: ",") {
      let text = piece.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
      let ends = text.split(separator: "-", omittingEmptySubsequences: false)
      guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]) else { return nil }
      switch (first, last) {
      case (nil, nil): return nil
      case (let first?, let last?) where last < first: return nil
      default: specs.append((first, last))
      }
      guard specs.count <= 64 else { return nil }
    }
    return specs.isEmpty ? nil : specs
  }

  /// `.some(nil)` for empty text. A number past `Int64` is as good as infinity.
  private static func number(_ text: Substring) -> Int64?? {
    guard !text.isEmpty else { return .some(nil) }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return .some(Int64(text) ?? .max)
  }

  private static func resolve(_ spec: Spec, length: Int64) -> Range<Int64>? {
    guard let first = spec.first else {
      let count = min(spec.last ?? 0, length)
      return count > 0 ? (length - count)..<length : nil
    }
    guard first < length else { return nil }
    let last = min(spec.last ?? .max, length - 1)
    return first..<(last + 1)
  }
}
