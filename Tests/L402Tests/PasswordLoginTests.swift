import Macaroons
import Testing

@testable import L402

@Suite struct PasswordLoginTests {
  private let fixture = Fixture()

  private func grant(_ login: PasswordLogin, _ later: [String] = []) -> PasswordGrant {
    PasswordGrant(
      user: login.user, token: fixture.token, paymentHash: fixture.preimage.paymentHash,
      caveats: MintedCaveats(capabilities: .all, lease: Fixture.lease, validUntil: Fixture.now - 5).caveats + later)
  }

  private func verify(
    _ login: PasswordLogin, as grant: PasswordGrant, at now: Int64 = Fixture.now, isRevoked: Bool = false
  ) throws -> VerifiedCredential {
    try fixture.keyring.verified(login, as: grant, at: now) { _ in isRevoked }
  }

  @Test func itIsTheCredentialThatItStandsFor() throws {
    let login = try fixture.keyring.login(for: fixture.token)
    #expect(login.user.utf8.count == 26)
    #expect(login.password.utf8.count == 26)
    #expect(login.user != login.password)
    #expect(try fixture.keyring.login(for: fixture.token) == login)
    #expect(fixture.keyring.mayBeLogin(login.user))
    let caveats = [
      "leasehold_capabilities=read,write", "path_prefix=/photos", "leasehold_valid_until=\(Fixture.now + 60)",
    ]
    let shown = try verify(login, as: grant(login, caveats))
    #expect(shown.token == fixture.token)
    #expect(shown.isFor(lease: Fixture.lease))
    #expect(shown.capabilities == [.read, .write])
    #expect(shown.path?.description == "/photos")
    #expect(shown.expiry == .current, "it does not go stale")
    #expect(try verify(login, as: grant(login, caveats), at: Fixture.now + 60).expiry == .narrowed)
    #expect(throws: CredentialRefusal.revoked) { try verify(login, as: grant(login), isRevoked: true) }
    #expect(throws: CredentialRefusal.unknownCaveat) { try verify(login, as: grant(login, ["time<2026"])) }
  }

  @Test func nothingElseOpens() throws {
    let login = try fixture.keyring.login(for: fixture.token)
    let other = try fixture.keyring.login(for: fixture.keyring.newToken())
    for wrong in [
      PasswordLogin(user: login.user, password: other.password), PasswordLogin(user: login.user, password: ""),
      PasswordLogin(user: login.user, password: login.password + "0"),
      PasswordLogin(user: other.user, password: login.password),
    ] {
      #expect(throws: CredentialRefusal.wrongPassword) { try verify(wrong, as: grant(login)) }
    }
    #expect(throws: CredentialRefusal.wrongPassword) { try verify(login, as: grant(other)) }
    // A name that was made up is seen to be, whatever it looks like.
    for index in login.user.indices {
      var user = login.user
      user.replaceSubrange(index...index, with: user[index] == "0" ? "1" : "0")
      #expect(!fixture.keyring.mayBeLogin(user))
    }
    for user in ["", "x", login.user.dropLast().description, login.user + "0", String(repeating: "é", count: 13)] {
      #expect(!fixture.keyring.mayBeLogin(user))
    }
    let foreign = MasterKeyring(key: .random())
    #expect(!foreign.mayBeLogin(login.user))
  }

  @Test func theLinesAreReadAsTheyAre() {
    func read(_ text: String) -> PasswordLogin? {
      PasswordLogin.parse(authorization: ["Bearer x", "bAsIc " + Base64.encode(Array(text.utf8))])
    }
    #expect(read("USER:pass:word") == PasswordLogin(user: "user", password: "pass:word"))
    #expect(read(":") == PasswordLogin(user: "", password: ""))
    #expect(read("nothing") == nil)
    #expect(PasswordLogin.parse(authorization: ["Basic", "Basic !", "L402 a:b"]) == nil)
    #expect(PasswordLogin.parse(authorization: ["Basic " + String(repeating: "A", count: 4_000)]) == nil)
  }

  @Test func aBearerThatIsACredentialIsOne() throws {
    let shown = try PresentedCredential(macaroon: fixture.mint(), preimage: fixture.preimage)
    let text = shown.authorization.dropFirst(5)
    #expect(try PresentedCredential.parse(authorization: ["Bearer \(text)"]) == shown)
    #expect(try PresentedCredential.parse(authorization: ["bearer  \(text)", "Basic eA=="]) == shown)
    // An L402 line decides, whatever stands beside it.
    let other = try PresentedCredential(macaroon: fixture.mint(.read), preimage: fixture.preimage)
    #expect(try PresentedCredential.parse(authorization: ["Bearer \(text)", other.authorization]) == other)
    let hex = String(repeating: "0", count: 64)
    for line in [
      "Bearer", "Bearer ", "Bearer token", "Bearer a:b", "Bearer :\(hex)", "Bearer AAAA:\(hex)", "Bearer x:",
    ] {
      #expect(try PresentedCredential.parse(authorization: [line]) == nil, "\(line)")
    }
    #expect(throws: CredentialRefusal.badHeader) {
      try PresentedCredential.parse(authorization: ["Bearer \(text)", "Bearer \(other.authorization.dropFirst(5))"])
    }
  }
}
