import Macaroons

/// One caveat as its holder sees it.
public struct CaveatOutline: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Stands where the minter writes.
    case minted(Condition)
    /// A condition that somebody added, in our words or in another tool's.
    case narrowing(Condition)
    /// Somebody else must discharge it.
    case thirdParty
    /// Holds the preimage for some client's use, and restricts nothing.
    case preimage
    /// No condition that our doors know: they refuse the credential.
    case unknown
  }

  public let kind: Kind
  /// The predicate, or what tells a third party what to check.
  public let identifier: [UInt8]
  /// Third-party: a hint where that party lives.
  public let location: String?

  init(_ caveat: Caveat, kind: Kind) {
    self.kind = kind
    identifier = Array(caveat.identifier)
    location = caveat.location.map { String(decoding: $0, as: UTF8.self) }
  }

  /// What stands behind the condition's `=`, in the units of ours whatever tool wrote it; nil for what is no condition.
  public var value: String? {
    guard kind != .thirdParty else { return nil }
    switch Condition.read(identifier) {
    case .ours(_, let start): return String(decoding: identifier[start...], as: UTF8.self)
    case .theirs(let spelling, let start): return spelling.inOurs(String(decoding: identifier[start...], as: UTF8.self))
    case .preimage, .unknown: return nil
    }
  }

  /// Text that a terminal can be shown: the identifier, or, where it is not UTF-8 or holds control characters, its
  /// bytes as `0x…`.
  public var text: String {
    let text = String(validating: identifier, as: UTF8.self)
    guard let text, !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      return "0x" + Hex.encode(identifier)
    }
    return text
  }

  public var description: String { text }

  static func all(of macaroon: Macaroon, isPrimary: Bool) -> [CaveatOutline] {
    macaroon.caveats.enumerated().map { position, caveat in
      CaveatOutline(caveat, kind: kind(of: caveat, at: isPrimary ? position : .max))
    }
  }

  private static func kind(of caveat: Caveat, at position: Int) -> Kind {
    guard !caveat.isThirdParty else { return .thirdParty }
    switch Condition.read(Array(caveat.identifier)) {
    case .preimage: return .preimage
    case .unknown: return .unknown
    case .theirs(let spelling, _): return .narrowing(spelling.condition)
    case .ours(let condition, _):
      let isMinted =
        position < Condition.mintedCount
        ? Condition.allCases[position] == condition
        : position == Condition.mintedCount && condition == .variant
      return isMinted ? .minted(condition) : .narrowing(condition)
    }
  }
}
