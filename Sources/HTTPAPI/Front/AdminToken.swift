import L402

/// The operator's bearer token. Compared in constant time; never printed.
public struct AdminToken: Sendable, CustomStringConvertible, CustomReflectable {
  private let bytes: [UInt8]

  /// `nil` for a token that could be guessed: under 16 bytes, or not visible ASCII.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 16, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    self.bytes = bytes
  }

  /// Whether one of the `Authorization` lines bears it.
  func isShown(in authorization: [String]) -> Bool {
    var isShown = false
    for line in authorization {
      let words = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
      guard words.count == 2, words[0].lowercased() == "bearer" else { continue }
      if matches(Array(words[1].utf8)) { isShown = true }
    }
    return isShown
  }

  /// Takes as long whatever the difference, but for the length, which is no secret.
  private func matches(_ other: [UInt8]) -> Bool {
    var difference = UInt8(truncatingIfNeeded: bytes.count ^ other.count) | (bytes.count == other.count ? 0 : 1)
    for index in bytes.indices { difference |= bytes[index] ^ (index < other.count ? other[index] : 0) }
    return difference == 0
  }

  public var description: String { "AdminToken" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
