/// An address that mail is sent to (RFC 5321 §4.1.2), as it goes into an envelope and a header.
///
/// Only the forms that people have: a dot-atom of ASCII, and a host name. Nothing in one can end a header line, begin
/// another recipient, or be taken for an option of a program.
public struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  /// `nil` for anything else, also for what is longer than mail allows.
  public init?(_ text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, text.utf8.count <= 254, Self.isLocal(parts[0]), Self.isHost(parts[1]) else { return nil }
    self.text = text
  }

  public var description: String { text }

  /// `a…@example.com`: enough to know one's own.
  public var masked: String {
    let parts = text.split(separator: "@")
    return parts[0].prefix(1) + "…@" + parts[1]
  }

  private static func isLocal(_ part: Substring) -> Bool {
    let special = Set("!#$%&'*+-/=?^_`{|}~".utf8)
    return (1...64).contains(part.utf8.count) && part.utf8.first != UInt8(ascii: "-")
      && part.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
        !atom.isEmpty && atom.utf8.allSatisfy { $0.isLetterOrDigit || special.contains($0) }
      }
  }

  private static func isHost(_ part: Substring) -> Bool {
    let labels = part.split(separator: ".", omittingEmptySubsequences: false)
    return labels.count >= 2 && part.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") }
      }
  }
}

extension UInt8 {
  fileprivate var isLetterOrDigit: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: false
    }
  }
}
