import Macaroons
import Testing

@testable import L402

/// `leasehold_variant`: which variant of its offer a lease was sold as.
@Suite struct VariantTests {
  private let fixture = Fixture()

  private func mint(_ variant: String?) throws(CredentialRefusal) -> Macaroon {
    try fixture.keyring.mint(
      paymentHash: fixture.preimage.paymentHash, token: fixture.token,
      caveats: MintedCaveats(
        tier: 3, capabilities: .all, lease: Fixture.lease, validUntil: Fixture.later, variant: variant))
  }

  @Test func isMintedBehindTheFour() throws {
    let macaroon = try mint("price-B2")
    #expect(macaroon.caveats.map(\.text)[4...] == ["leasehold_variant=price-B2"])
    let credential = try fixture.verify(macaroon)
    #expect(credential.variant == "price-B2")
    #expect(credential.tier == 3)
    #expect(credential.holderCaveats.isEmpty, "it is the minter's, not the holder's")
    #expect(credential.isFor(variant: "price-B2"))
    #expect(!credential.isFor(variant: "price-b2"))
    #expect(!credential.isFor(variant: nil))
    let without = try fixture.verify(mint(nil))
    #expect(without.variant == nil)
    #expect(without.isFor(variant: nil))
    #expect(without.isFor(variant: "a"))
    #expect(try mint(nil).caveats.count == 4)
  }

  @Test(arguments: ["", "a b", "a_b", "é", String(repeating: "x", count: 64)])
  func otherNamesAreNotMinted(name: String) {
    #expect(throws: CredentialRefusal.malformedCaveat(.variant)) { try mint(name) }
  }

  @Test func longestName() throws {
    let name = String(repeating: "x", count: 63)
    #expect(try fixture.verify(mint(name)).variant == name)
  }

  @Test func aHolderCannotChangeIt() throws {
    let sold = try mint("a")
    #expect(try fixture.verify(sold.adding(["leasehold_variant=a"])).variant == "a")
    for other in ["leasehold_variant=b", "leasehold_variant=A"] {
      #expect(throws: CredentialRefusal.widened(.variant)) { try fixture.verify(sold.adding([other])) }
    }
    #expect(throws: CredentialRefusal.malformedCaveat(.variant)) {
      try fixture.verify(sold.adding(["leasehold_variant="]))
    }
  }

  /// Where none was minted, whoever adds one has only shut himself out of leases sold as another.
  @Test func addingOneNarrows() throws {
    for caveats in [["leasehold_variant=b"], ["leasehold_path=/a", "leasehold_variant=b"]] {
      let credential = try fixture.verify(narrowedBy: caveats)
      #expect(credential.variant == "b")
      #expect(credential.isFor(variant: "b"))
      #expect(!credential.isFor(variant: nil))
      #expect(!credential.isFor(variant: "a"))
    }
  }

  @Test func isCopiedWhenMintedAnew() throws {
    for later in [[], ["leasehold_path=/a"], ["leasehold_variant=a", "preimage=00"]] {
      let old = try fixture.verify(mint("a").adding(later))
      let macaroon = try old.reminted(
        as: fixture.keyring.newToken(), validUntil: Fixture.later + 5, tier: 4, by: fixture.keyring)
      let new = try fixture.verify(macaroon)
      #expect(new.variant == "a")
      #expect(new.tier == 4)
      #expect(new.holderCaveats.map(\.text) == later)
      #expect(macaroon.caveats.map(\.text)[4] == "leasehold_variant=a")
    }
  }

  @Test func isNotOneOfTheFour() throws {
    let macaroon = Macaroon(
      location: "leasehold",
      identifier: Identifier(paymentHash: fixture.preimage.paymentHash, token: fixture.token).bytes,
      caveats: [
        "leasehold_variant=a", "services=leasehold:0", "leasehold_capabilities=read", "leasehold_lease=l",
        "leasehold_valid_until=1",
      ].map { Array($0.utf8) }, key: try fixture.keyring.key(for: fixture.token))
    #expect(throws: CredentialRefusal.malformed) { try fixture.verify(macaroon) }
  }
}
