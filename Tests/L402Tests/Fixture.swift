import Macaroons
import Testing

@testable import L402

/// A provider with two epochs, a renter with a preimage, and a lease.
struct Fixture {
  static let now: Int64 = 1_800_000_000
  static let later = now + 86_400
  static let lease = "01jdnk3vexs6yqk2dk7b8t2f9m"

  let keyring: MasterKeyring
  let preimage = Preimage(Fixture.repeating(0x5a))
  let token = TokenID(Bytes32 { $0.copyBytes(from: [0, 2] + [UInt8](repeating: 0xab, count: 30)) })

  init() {
    guard let keyring = MasterKeyring(keys: [1: Fixture.repeating(0x11), 2: Fixture.repeating(0x22)], current: 2)
    else { preconditionFailure("epoch 2 is there") }
    self.keyring = keyring
  }

  static func repeating(_ byte: UInt8) -> Bytes32 {
    Bytes32 { $0.copyBytes(from: [UInt8](repeating: byte, count: 32)) }
  }

  func mint(
    _ capabilities: Capabilities = .all, validUntil: Int64 = Fixture.later, then later: [String] = []
  ) throws -> Macaroon {
    try keyring.mint(
      paymentHash: preimage.paymentHash, token: token,
      caveats: MintedCaveats(capabilities: capabilities, lease: Fixture.lease, validUntil: validUntil), then: later)
  }

  /// What a holder does offline: nothing is checked.
  func narrowed(by caveats: [String], _ capabilities: Capabilities = .all) throws -> Macaroon {
    try mint(capabilities).adding(caveats)
  }

  func verify(_ macaroon: Macaroon, at now: Int64 = Fixture.now) throws(CredentialRefusal) -> VerifiedCredential {
    try PresentedCredential(macaroon: macaroon, preimage: preimage)
      .verified(by: keyring, at: now) { _ in false }
  }

  func verify(narrowedBy caveats: [String], at now: Int64 = Fixture.now) throws -> VerifiedCredential {
    try verify(narrowed(by: caveats), at: now)
  }
}

/// A reproducible generator (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}
