import Macaroons
import Testing

@testable import L402

@Suite struct RemintTests {
  private let fixture = Fixture()

  @Test func onlyTheMintedFourChange() throws {
    let own = [
      "leasehold_path=/photos", "path_prefix=/photos", "preimage=00", "leasehold_capabilities=read,write",
      "leasehold_capabilities=read",
    ]
    let old = try fixture.verify(narrowedBy: own)
    let token = fixture.keyring.newToken()
    let swapped = try old.reminted(as: token, validUntil: Fixture.later + 1000, by: fixture.keyring)
    let new = try fixture.verify(swapped)
    #expect(new.token == token)
    #expect(new.paymentHash == old.paymentHash)
    #expect(new.mintedValidUntil == Fixture.later + 1000)
    #expect(new.holderCaveats.map(\.text) == own)
    #expect(new.capabilities == .read)
    #expect(new.mintedCapabilities == old.mintedCapabilities)
    #expect(new.path == old.path)
    #expect(new.lease == old.lease)
  }

  @Test func aRenewalNamesAnotherPayment() throws {
    let preimage = Preimage.random()
    let renewed = try fixture.verify(fixture.mint()).reminted(
      as: fixture.keyring.newToken(), for: preimage.paymentHash, validUntil: Fixture.later, by: fixture.keyring)
    let presented = try PresentedCredential(macaroon: renewed, preimage: preimage)
    _ = try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
    #expect(throws: CredentialRefusal.wrongPreimage) { try fixture.verify(renewed) }
  }

  /// A shorter ceiling must not make the holder's own, later bound look like a widening.
  @Test func aHoldersBoundStaysReadable() throws {
    let old = try fixture.verify(narrowedBy: ["leasehold_valid_until=\(Fixture.later - 5)"])
    let macaroon = try old.reminted(as: fixture.keyring.newToken(), validUntil: Fixture.now, by: fixture.keyring)
    let new = try fixture.verify(macaroon)
    #expect(new.validUntil == old.validUntil)
  }

  @Test func whatIsAddedNarrows() throws {
    let old = try fixture.verify(narrowedBy: ["leasehold_capabilities=read,pay"])
    let lent = try old.reminted(
      as: fixture.keyring.newToken(), validUntil: Fixture.later, adding: ["leasehold_capabilities=read"],
      by: fixture.keyring)
    #expect(try fixture.verify(lent).capabilities == .read)
    #expect(throws: CredentialRefusal.widened(.capabilities)) {
      try old.reminted(
        as: fixture.keyring.newToken(), validUntil: Fixture.later, adding: ["leasehold_capabilities=write"],
        by: fixture.keyring)
    }
    #expect(throws: CredentialRefusal.unknownCaveat) {
      try old.reminted(
        as: fixture.keyring.newToken(), validUntil: Fixture.later, adding: ["leasehold_oops=1"], by: fixture.keyring)
    }
  }

  @Test func bytesThatAreNoTextAreCopied() throws {
    let old = try fixture.verify(fixture.mint().adding(Array("preimage=".utf8) + [0xff, 0x00]))
    let macaroon = try old.reminted(as: fixture.keyring.newToken(), validUntil: Fixture.later, by: fixture.keyring)
    #expect(try fixture.verify(macaroon).holderCaveats.map { Array($0.identifier.suffix(2)) } == [[0xff, 0x00]])
  }

  @Test func strangersMayOnlyPay() throws {
    let stranger = try fixture.verify(fixture.mint(.pay))
    #expect(throws: PermissionRefusal.capability(.read)) {
      try stranger.require(.read, method: "GET", source: nil)
    }
    try stranger.require(.pay, method: "POST", source: nil)
  }
}
