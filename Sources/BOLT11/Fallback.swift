/// An address on the chain to pay to when the payment fails (field `f`).
public struct Fallback: Hashable, Sendable {
  /// 0 to 16: the version of a witness program; 17: a public key hash; 18: a script hash.
  public let version: UInt8
  /// The program or hash.
  public let program: [UInt8]

  /// `nil` unless the length is one this version can have: 20 bytes for hashes, 20 or 32 for version 0, else 2 to 40.
  public init?(version: UInt8, program: [UInt8]) {
    switch version {
    case 17, 18: guard program.count == 20 else { return nil }
    case 0: guard program.count == 20 || program.count == 32 else { return nil }
    case 1...16: guard (2...40).contains(program.count) else { return nil }
    default: return nil
    }
    self.version = version
    self.program = program
  }
}
