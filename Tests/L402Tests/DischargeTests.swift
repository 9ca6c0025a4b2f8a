import Macaroons
import Testing

@testable import L402

/// Credentials of several macaroons.
@Suite struct DischargeTests {
  private let fixture = Fixture()
  private let root = Array("secret between us".utf8)

  /// A credential narrowed by `own` and by a third party, whose discharge says `theirs`.
  private func shown(_ own: [String] = [], discharge theirs: [String] = []) throws -> PresentedCredential {
    let macaroon = try fixture.narrowed(by: own).adding(thirdParty: [9], location: "", rootKey: root)
    let discharge = Macaroon.discharge(of: [9], rootKey: root, caveats: theirs.map { Array($0.utf8) })
    return try PresentedCredential(
      macaroon: macaroon, discharges: [discharge.bound(to: macaroon)], preimage: fixture.preimage)
  }

  private func verify(
    _ presented: PresentedCredential, at now: Int64 = Fixture.now
  ) throws(CredentialRefusal) -> VerifiedCredential {
    try presented.verified(by: fixture.keyring, at: now) { _ in false }
  }

  @Test func conditionsInADischargeNarrow() throws {
    let credential = try verify(
      shown(discharge: [
        "preimage=00", "leasehold_capabilities=read,pay", "leasehold_path=/photos", "leasehold_method=GET,PUT",
        "leasehold_source=10.0.0.0/8", "leasehold_max_msat=500", "leasehold_valid_until=\(Fixture.now + 60)",
        "leasehold_lease=\(Fixture.lease)", "services=leasehold:0", "leasehold_variant=b",
      ]))
    #expect(credential.capabilities == [.read, .pay])
    #expect(credential.mintedCapabilities == .all)
    #expect(credential.path?.description == "/photos")
    #expect(credential.methods == ["GET", "PUT"])
    #expect(credential.sources?.map(\.description) == ["10.0.0.0/8"])
    #expect(credential.maxMsat == 500)
    #expect(credential.validUntil == Fixture.now + 60)
    #expect(credential.mintedValidUntil == Fixture.later)
    #expect(credential.isFor(variant: "b"))
    #expect(!credential.isFor(variant: "a"))
    #expect(credential.holderCaveats.count == 1)
    #expect(try verify(shown(discharge: ["leasehold_valid_until=5"])).expiry == .narrowed)
  }

  /// The third party does not know what the holder added, so what it says need not be narrower: the narrower decides.
  @Test func theNarrowerOfTheTwoDecides() throws {
    let own = [
      "leasehold_capabilities=read,write", "leasehold_path=/photos/2024", "leasehold_method=GET,HEAD",
      "leasehold_source=10.1.0.0/16,192.0.2.1", "leasehold_max_msat=100", "leasehold_valid_until=\(Fixture.now + 60)",
    ]
    let theirs = [
      "leasehold_capabilities=read,pay", "leasehold_path=/photos", "leasehold_method=HEAD,PUT",
      "leasehold_source=10.0.0.0/8,192.0.2.0/24,203.0.113.7", "leasehold_max_msat=500",
      "leasehold_valid_until=\(Fixture.later + 500)",
    ]
    let credential = try verify(shown(own, discharge: theirs))
    #expect(credential.capabilities == .read)
    #expect(credential.path?.description == "/photos/2024")
    #expect(credential.methods == ["HEAD"])
    #expect(credential.maxMsat == 100)
    #expect(credential.sources?.map(\.description) == ["10.1.0.0/16", "192.0.2.1"])
    #expect(credential.validUntil == Fixture.now + 60)
  }

  @Test(arguments: [
    ("leasehold_lease=another", CredentialRefusal.widened(.lease)), ("leasehold_path=/videos", .widened(.path)),
    ("leasehold_variant=b", .widened(.variant)), ("leasehold_colour=blue", .unknownCaveat),
    ("time < 2020-01-01T00:00", .unknownCaveat), ("max_sats=x", .malformedCaveat(.maxMsat)),
    ("leasehold_max_msat=x", .malformedCaveat(.maxMsat)),
  ])
  func whatNoRequestCouldMeetIsRefused(caveat: String, refusal: CredentialRefusal) throws {
    let presented = try shown(["leasehold_path=/photos", "leasehold_variant=a"], discharge: [caveat])
    #expect(throws: refusal) { try verify(presented) }
  }

  @Test func aRepeatWithinADischargeMustNarrow() throws {
    let presented = try shown(discharge: ["leasehold_path=/photos", "leasehold_path=/"])
    #expect(throws: CredentialRefusal.widened(.path)) { try verify(presented) }
  }

  @Test func reasons() throws {
    let sound = try shown()
    let macaroon = sound.macaroon
    let discharge = Macaroon.discharge(of: [9], rootKey: root)
    let stranger = Macaroon.discharge(of: [8], rootKey: root).bound(to: macaroon)
    let forged = Macaroon.discharge(of: [9], rootKey: [1]).bound(to: macaroon)
    for (discharges, refusal, reason) in [
      ([], CredentialRefusal.undischarged, "third-party-undischarged"),
      ([discharge], .discharge(.dischargeUnbound), "discharge-unbound"),
      ([forged], .discharge(.dischargeForged), "discharge-forged"),
      (sound.discharges + [stranger], .discharge(.dischargeUnused), "discharge-unused"),
      (sound.discharges + sound.discharges, .discharge(.dischargeRepeated), "discharge-repeated"),
    ] {
      let presented = try PresentedCredential(
        macaroon: macaroon, discharges: discharges, preimage: fixture.preimage)
      #expect(throws: refusal) { try verify(presented) }
      #expect(refusal.reason == reason)
    }
    let plain = try PresentedCredential(
      macaroon: fixture.mint(), discharges: [discharge.bound(to: fixture.mint())], preimage: fixture.preimage)
    #expect(throws: CredentialRefusal.discharge(.dischargeUnused)) { try verify(plain) }
  }

  @Test func itIsNeverMintedAnew() throws {
    let credential = try verify(shown())
    #expect(credential.hasThirdParty)
    #expect(throws: CredentialRefusal.undischarged) {
      try credential.reminted(as: fixture.keyring.newToken(), validUntil: Fixture.later, by: fixture.keyring)
    }
  }

  @Test func aClaimNeedsItsDischargesToo() throws {
    let sound = try shown()
    let hash = fixture.preimage.paymentHash
    let claim = try PresentedCredential(macaroon: sound.macaroon, discharges: sound.discharges, preimage: nil)
    _ = try claim.verifiedClaim(of: hash, by: fixture.keyring) { _ in false }
    let bare = try PresentedCredential(macaroon: sound.macaroon, preimage: nil)
    #expect(throws: CredentialRefusal.undischarged) {
      try bare.verifiedClaim(of: hash, by: fixture.keyring) { _ in false }
    }
  }
}
