import Macaroons
import Testing

@testable import L402

@Suite struct VerifyTests {
  private let fixture = Fixture()

  @Test func aMintedCredentialIsGenuine() throws {
    let credential = try fixture.verify(fixture.mint([.read, .pay]))
    #expect(credential.token == fixture.token)
    #expect(credential.paymentHash == fixture.preimage.paymentHash)
    #expect(credential.lease == Fixture.lease)
    #expect(credential.isFor(lease: Fixture.lease))
    #expect(!credential.isFor(lease: Fixture.lease + "x"))
    #expect(credential.tier == 0)
    #expect(credential.capabilities == [.read, .pay])
    #expect(credential.mintedValidUntil == Fixture.later)
    #expect(credential.holderValidUntil == nil)
    #expect(credential.expiry == .current)
    #expect(credential.holderCaveats.isEmpty)
    #expect(!credential.hasThirdParty)
  }

  @Test func theMintedFourStandInTheirOrder() throws {
    let macaroon = try fixture.mint([.read, .write], then: ["leasehold_path=/photos"])
    #expect(
      macaroon.caveats.map(\.text) == [
        "services=leasehold:0", "leasehold_capabilities=read,write", "leasehold_lease=\(Fixture.lease)",
        "leasehold_valid_until=\(Fixture.later)", "leasehold_path=/photos",
      ])
    #expect(macaroon.location.map { String(decoding: $0, as: UTF8.self) } == "leasehold")
    #expect(macaroon.identifier.count == 66)
  }

  /// HKDF worked out by hand with another implementation (Python's `hmac`), so that a rebuilt daemon honours old keys.
  @Test func rootKeysAreThoseOfRFC5869() throws {
    #expect(try fixture.keyring.rootKey(for: fixture.token).hex == Self.rootKey)
  }
  private static let rootKey = "054bf2f06fbaba77800f12ea54096497aa87aa7dd14dcefbe6b264ec985ef1e8"

  @Test func wrongPreimage() throws {
    let macaroon = try fixture.mint()
    for preimage in [Preimage.random(), nil] {
      let presented = try PresentedCredential(macaroon: macaroon, preimage: preimage)
      #expect(throws: CredentialRefusal.wrongPreimage) {
        try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
      }
    }
  }

  @Test func revocationIsAskedBeforeTheChain() throws {
    let forged = try Macaroon(v2: fixture.mint().wire.dropLast() + [0])
    let presented = try PresentedCredential(macaroon: forged, preimage: fixture.preimage)
    var asked: [TokenID] = []
    #expect(throws: CredentialRefusal.revoked) {
      try presented.verified(by: fixture.keyring, at: Fixture.now) { token in
        asked.append(token)
        return true
      }
    }
    #expect(asked == [fixture.token])
    #expect(throws: CredentialRefusal.forged) {
      try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
    }
  }

  @Test func theEpochChoosesTheKey() throws {
    let old = TokenID(epoch: 1)
    let macaroon = try fixture.keyring.mint(
      paymentHash: fixture.preimage.paymentHash, token: old,
      caveats: MintedCaveats(capabilities: .read, lease: "l", validUntil: Fixture.later))
    _ = try fixture.verify(macaroon)
    let retired = MasterKeyring(keys: [2: .zero], current: 2)!
    let presented = try PresentedCredential(macaroon: macaroon, preimage: fixture.preimage)
    #expect(throws: CredentialRefusal.retired) { try presented.verified(by: retired, at: 0) { _ in false } }
    #expect(throws: CredentialRefusal.retired) {
      try retired.mint(
        paymentHash: fixture.preimage.paymentHash, token: old,
        caveats: MintedCaveats(capabilities: .read, lease: "l", validUntil: 1))
    }
    #expect(MasterKeyring(keys: [1: .zero], current: 2) == nil)
  }

  @Test func anExpiredCredentialIsGenuineAndSaysHowItExpired() throws {
    let macaroon = try fixture.mint()
    #expect(try fixture.verify(macaroon, at: Fixture.later - 1).expiry == .current)
    #expect(try fixture.verify(macaroon, at: Fixture.later).expiry == .stale)
    let lent = macaroon.adding(["leasehold_valid_until=\(Fixture.now + 60)"])
    #expect(try fixture.verify(lent, at: Fixture.now + 59).expiry == .current)
    #expect(try fixture.verify(lent, at: Fixture.now + 60).expiry == .narrowed)
    #expect(try fixture.verify(lent, at: Fixture.later).expiry == .narrowed)
    #expect(try fixture.verify(lent).validUntil == Fixture.now + 60)
  }

  @Test func identifiersOfAnotherShapeAreNone() throws {
    let key = try fixture.keyring.key(for: fixture.token)
    let sound = Identifier(paymentHash: fixture.preimage.paymentHash, token: fixture.token).bytes
    #expect(Identifier(sound[...])?.bytes == sound)
    for identifier in [sound.dropLast(), sound + [0], [0, 1] + sound.dropFirst(2), [1, 0] + sound.dropFirst(2), []] {
      let macaroon = Macaroon(location: "leasehold", identifier: Array(identifier), key: key)
      #expect(throws: CredentialRefusal.malformed) {
        try PresentedCredential(macaroon: macaroon, preimage: fixture.preimage)
      }
    }
  }

  /// Signed with the right key, but not what we mint.
  @Test(arguments: [
    [], ["services=leasehold:0"],
    ["leasehold_capabilities=read", "services=leasehold:0", "leasehold_lease=l", "leasehold_valid_until=1"],
    ["services=leasehold:0", "leasehold_capabilities=read", "leasehold_lease=", "leasehold_valid_until=1"],
    ["services=leasehold:0", "leasehold_capabilities=fly", "leasehold_lease=l", "leasehold_valid_until=1"],
    ["services=leasehold:0", "leasehold_capabilities=read", "leasehold_lease=l", "other=1"],
    ["services=leasehold:0", "leasehold_capabilities=read", "leasehold_lease=l", "leasehold_path=/"],
  ])
  func withoutTheMintedFour(caveats: [String]) throws {
    let macaroon = Macaroon(
      location: "leasehold",
      identifier: Identifier(paymentHash: fixture.preimage.paymentHash, token: fixture.token).bytes,
      caveats: caveats.map { Array($0.utf8) }, key: try fixture.keyring.key(for: fixture.token))
    #expect(throws: CredentialRefusal.malformed) { try fixture.verify(macaroon) }
  }

  @Test func everyBitFlipIsRefused() throws {
    let wire = try fixture.mint(then: ["leasehold_path=/photos"]).wire
    for index in wire.indices {
      for bit in 0..<8 {
        var flipped = wire
        flipped[index] ^= 1 << bit
        #expect(throws: (any Error).self, "byte \(index), bit \(bit)") { try fixture.verify(Macaroon(v2: flipped)) }
      }
    }
  }

  /// In the text that travels: whatever bit is turned, it is refused or means the same. (The spare bits of base64 are
  /// none: a text in which they are set is no base64.)
  @Test func everyBitFlipOfTheHeaderIsRefused() throws {
    let line = Array(try PresentedCredential(macaroon: fixture.mint(), preimage: fixture.preimage).authorization.utf8)
    let sound = try PresentedCredential.parse(authorization: [String(decoding: line, as: UTF8.self)])
    var same = 0
    for index in line.indices {
      for bit in 0..<8 {
        var flipped = line
        flipped[index] ^= 1 << bit
        let text = String(decoding: flipped, as: UTF8.self)
        // A scheme that is not ours is somebody else's credential; a header that is refused is no credential.
        guard let shown = try? PresentedCredential.parse(authorization: [text]) else { continue }
        guard shown != sound else {
          same += 1
          continue
        }
        #expect(throws: CredentialRefusal.self, "byte \(index), bit \(bit)") {
          try shown.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
        }
      }
    }
    // The scheme's letter and the digits a to f have two cases.
    #expect(same == 1 + fixture.preimage.hex.count { $0.isLetter })
  }

  /// A wallet may keep it in a form that has no room for an empty hint.
  @Test func anotherLocationIsAChange() throws {
    let minted = try fixture.mint()
    let fields = Array(minted.wire[(3 + 9)...])
    _ = try fixture.verify(Macaroon(v2: [2] + fields))
    _ = try fixture.verify(Macaroon(v2: [2, 1, 0] + fields))
    #expect(throws: CredentialRefusal.forged) { try fixture.verify(Macaroon(v2: [2, 1, 1, 0x61] + fields)) }
  }

  @Test func aClaimNeedsNoPreimageAndOpensNothing() throws {
    let claim = try PresentedCredential(macaroon: fixture.mint(), preimage: nil)
    let verified = try claim.verifiedClaim(of: fixture.preimage.paymentHash, by: fixture.keyring) { _ in false }
    #expect(verified.lease == Fixture.lease)
    #expect(verified.token == fixture.token)
    #expect(throws: CredentialRefusal.wrongPreimage) {
      try claim.verifiedClaim(of: Preimage.random().paymentHash, by: fixture.keyring) { _ in false }
    }
    #expect(throws: CredentialRefusal.revoked) {
      try claim.verifiedClaim(of: fixture.preimage.paymentHash, by: fixture.keyring) { _ in true }
    }
    let wrong = try PresentedCredential(macaroon: fixture.mint(), preimage: .random())
    #expect(throws: CredentialRefusal.wrongPreimage) {
      try wrong.verifiedClaim(of: fixture.preimage.paymentHash, by: fixture.keyring) { _ in false }
    }
    let forged = try PresentedCredential(macaroon: Macaroon(v2: fixture.mint().wire.dropLast() + [1]), preimage: nil)
    #expect(throws: CredentialRefusal.forged) {
      try forged.verifiedClaim(of: fixture.preimage.paymentHash, by: fixture.keyring) { _ in false }
    }
  }

  @Test func secretsAreNotShown() throws {
    let macaroon = try fixture.mint()
    let presented = try PresentedCredential(macaroon: macaroon, preimage: fixture.preimage)
    let verified = try fixture.verify(macaroon)
    let secrets = [
      fixture.preimage.hex, macaroon.signature.hex, String(repeating: "2", count: 32), "[90, 90", "34, 34",
    ]
    for subject in [fixture.preimage, presented, verified, fixture.keyring, macaroon] as [any Sendable] {
      var dumped = ""
      dump(subject, to: &dumped)
      for text in ["\(subject)", String(reflecting: subject), dumped] {
        for secret in secrets { #expect(!text.contains(secret), "\(type(of: subject))") }
      }
      #expect(Mirror(reflecting: subject).children.isEmpty)
    }
  }
}
