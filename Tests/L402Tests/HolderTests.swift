import Macaroons
import Testing

@testable import L402

/// What a holder does offline, without a key.
@Suite struct HolderTests {
  private let fixture = Fixture()

  private func held(then later: [String] = []) throws -> PresentedCredential {
    try PresentedCredential(macaroon: fixture.mint(then: later), preimage: fixture.preimage)
  }

  private func verify(_ presented: PresentedCredential) throws(CredentialRefusal) -> VerifiedCredential {
    try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
  }

  @Test func narrowingByOneself() throws {
    let lent = try held().narrowed(by: [
      Condition.capabilities.caveat("read"), Condition.path.caveat("/photos"),
      Condition.validUntil.caveat("\(Fixture.now + 600)"),
    ])
    let verified = try verify(lent)
    #expect(verified.capabilities == .read)
    #expect(verified.path?.description == "/photos")
    #expect(verified.validUntil == Fixture.now + 600)
    #expect(lent.preimage == fixture.preimage)
  }

  @Test(arguments: [
    ("preimage=00", NarrowingFault.ineffective("preimage=00")), ("path=/photos", .refused(.unknownCaveat)),
    ("", .refused(.unknownCaveat)), ("leasehold_paths=/a", .refused(.unknownCaveat)),
    ("time < 2030-01-01T00:00:00Z", .refused(.unknownCaveat)),
    ("path_prefix=photos", .refused(.malformedCaveat(.path))),
    ("Leasehold_Path=/a", .refused(.unknownCaveat)), ("services=leasehold:1", .refused(.widened(.services))),
    ("leasehold_capabilities=read,fly", .refused(.widened(.capabilities))),
    ("leasehold_path=photos", .refused(.malformedCaveat(.path))),
    ("leasehold_variant=b", .refused(.widened(.variant))),
  ])
  func whatWouldNotNarrowIsRefused(caveat: String, fault: NarrowingFault) throws {
    let held = try PresentedCredential(
      macaroon: fixture.keyring.mint(
        paymentHash: fixture.preimage.paymentHash, token: fixture.token,
        caveats: MintedCaveats(capabilities: .all, lease: Fixture.lease, validUntil: Fixture.later, variant: "a")),
      preimage: fixture.preimage)
    #expect(throws: fault) { try held.narrowed(by: ["leasehold_max_msat=5", caveat]) }
  }

  @Test func theOutlineSaysWhatItAllows() throws {
    let outline = try held(then: ["leasehold_path=/photos", "preimage=00"])
      .narrowed(by: ["leasehold_source=10.0.0.0/8,2001:db8::1"])
      .narrowed(byThirdParty: Array("login".utf8), location: "https://auth", rootKey: [7]).outline
    #expect(
      outline.caveats.map(\.kind) == [
        .minted(.services), .minted(.capabilities), .minted(.lease), .minted(.validUntil), .narrowing(.path), .preimage,
        .narrowing(.source), .thirdParty,
      ])
    #expect(outline.caveats.map(\.value)[4...] == ["/photos", nil, "10.0.0.0/8,2001:db8::1", nil])
    #expect(outline.caveats[2].value == Fixture.lease)
    #expect(outline.caveats.last?.text == "login")
    #expect(outline.caveats.last?.location == "https://auth")
    #expect(outline.awaited == [.init(identifier: Array("login".utf8), location: "https://auth")])
    #expect(outline.token == fixture.token)
    #expect(outline.paymentHash == fixture.preimage.paymentHash)
    #expect(outline.location == "leasehold")
    let claims = try outline.claims.get()
    #expect(claims.path?.description == "/photos")
    #expect(claims.capabilities == .all)
    #expect(claims.lease == Fixture.lease)
    #expect(claims.sources?.map(\.description) == ["10.0.0.0/8", "2001:db8::1"])
    #expect(claims.validUntil == Fixture.later)
  }

  @Test func theOutlineSaysWhyEveryDoorWillRefuse() throws {
    let wide = try PresentedCredential(
      macaroon: fixture.narrowed(by: ["leasehold_path=/a", "leasehold_path=/"]), preimage: nil)
    #expect(throws: CredentialRefusal.widened(.path)) { try wide.outline.claims.get() }
    let odd = try PresentedCredential(macaroon: fixture.mint().adding([0x1b, 0x5b]), preimage: nil)
    #expect(odd.outline.caveats.last?.text == "0x1b5b", "a terminal is never sent control characters")
    #expect(odd.outline.caveats.last?.kind == .unknown)
  }

  @Test func askingForAThirdPartysWord() throws {
    let root = Array("secret between us".utf8)
    let lent = try held().narrowed(byThirdParty: Array("login".utf8), location: "https://auth", rootKey: root)
    #expect(throws: CredentialRefusal.undischarged) { try verify(lent) }
    let discharge = Macaroon.discharge(of: lent.outline.awaited[0].identifier, rootKey: root)
    let shown = try lent.discharged(by: [discharge])
    #expect(shown.outline.awaited.isEmpty)
    #expect(shown.outline.discharges == [[]])
    #expect(try verify(shown).hasThirdParty)
    // It travels in a header.
    #expect(try PresentedCredential.parse(authorization: [shown.authorization]) == shown)
    #expect(throws: NarrowingFault.bound) { try shown.narrowed(by: ["leasehold_max_msat=1"]) }
    #expect(throws: NarrowingFault.bound) { try shown.narrowed(byThirdParty: [1], location: "", rootKey: [1]) }
    #expect(throws: NarrowingFault.notAwaited) { try shown.discharged(by: [discharge]) }
    #expect(throws: NarrowingFault.notAwaited) {
      try lent.discharged(by: [Macaroon.discharge(of: [1], rootKey: root)])
    }
    #expect(throws: NarrowingFault.identifierTaken) {
      try lent.narrowed(byThirdParty: Array("login".utf8), location: "elsewhere", rootKey: [1])
    }
  }

  @Test func dischargesOfDischarges() throws {
    let lent = try held().narrowed(byThirdParty: [1], location: "", rootKey: [1])
    let first = Macaroon.discharge(of: [1], rootKey: [1]).adding(thirdParty: [2], location: "there", rootKey: [2])
    let half = try lent.discharged(by: [first])
    #expect(half.outline.awaited == [.init(identifier: [2], location: "there")])
    let whole = try half.discharged(by: [Macaroon.discharge(of: [2], rootKey: [2])])
    _ = try verify(whole)
  }
}
