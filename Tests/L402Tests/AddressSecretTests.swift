import Macaroons
import Testing

@testable import L402

/// Addresses are told apart without the books, and what stands for them opens nothing.
@Suite struct AddressSecretTests {
  private let fixture = Fixture()

  @Test func anAddressIsKnownByItsCode() throws {
    let address = try fixture.keyring.address(of: fixture.token)
    #expect(address.utf8.count == 26)
    #expect(try fixture.keyring.address(of: fixture.token) == address)
    #expect(fixture.keyring.mayBeAddress(address))
    let login = try fixture.keyring.login(for: fixture.token)
    #expect(address != login.user && address != login.password)
    #expect(!fixture.keyring.mayBeAddress(login.user), "a user name is no address")
    #expect(!fixture.keyring.mayBeLogin(address))
    for index in address.indices {
      var other = address
      other.replaceSubrange(index...index, with: address[index] == "7" ? "8" : "7")
      #expect(!fixture.keyring.mayBeAddress(other), "\(index)")
    }
    for nonsense in [
      "", String(address.dropLast()), address + "0", address.uppercased(), String(repeating: "0", count: 26),
    ] {
      #expect(!fixture.keyring.mayBeAddress(nonsense))
    }
    #expect(!MasterKeyring(key: .random()).mayBeAddress(address), "another's")
  }

  @Test func itsChallengesReachNoFurtherThanItDoes() throws {
    let keyring = fixture.keyring
    let caveats = MintedCaveats(
      capabilities: [.read, .pay], lease: Fixture.lease, validUntil: MintedCaveats.noCeiling, variant: "b")
    let shown = try keyring.standIn(for: fixture.token, fixture.preimage.paymentHash, caveats, path: "/photos")
    #expect(shown.preimage == nil)
    #expect(shown.path?.description == "/photos")
    let minted = try shown.reminted(as: keyring.newToken(), validUntil: Fixture.now + 60, by: keyring)
    let read = try PresentedCredential(macaroon: minted, preimage: fixture.preimage)
      .verified(by: keyring, at: Fixture.now) { _ in false }
    #expect(read.capabilities == [.read, .pay])
    #expect(read.path?.description == "/photos")
    #expect(read.variant == "b")
    #expect(read.validUntil == Fixture.now + 60)
    for path in ["photos", "/a/../b", "/%zz", "/a%2fb"] {
      #expect(throws: CredentialRefusal.malformedCaveat(.path)) {
        _ = try keyring.standIn(for: fixture.token, fixture.preimage.paymentHash, caveats, path: path)
      }
    }
  }
}
