import Macaroons
import Testing

@testable import L402

@Suite struct ChallengeTests {
  private let fixture = Fixture()
  private static let invoice = "lnbcrt10n1pj9example"

  @Test func theLineEveryClientReads() throws {
    let macaroon = try fixture.mint()
    let text = Base64.encode(macaroon.wire)
    let challenge = Challenge(macaroon: macaroon, invoice: Self.invoice)
    #expect(
      challenge.wwwAuthenticate
        == "L402 macaroon=\"\(text)\", invoice=\"\(Self.invoice)\", version=\"0\", token=\"\(text)\"")
    #expect(challenge.lsat == "LSAT macaroon=\"\(text)\", invoice=\"\(Self.invoice)\"")
    #expect(challenge.token == text)
    #expect(text.count.isMultiple(of: 4))
  }

  @Test func isReadInManyForms() throws {
    let macaroon = try fixture.mint()
    let text = Base64.encode(macaroon.wire)
    let challenge = Challenge(macaroon: macaroon, invoice: Self.invoice)
    for lines in [
      [challenge.wwwAuthenticate], [challenge.lsat], ["Bearer realm=\"x\"", challenge.wwwAuthenticate],
      ["Bearer realm=\"a, b=c\", \(challenge.wwwAuthenticate)"],
      ["l402 version=\"0\", token=\"\(text)\", invoice=\"\(Self.invoice)\""],
      ["L402 macaroon=\(text),invoice=\(Self.invoice)"], ["L402 Macaroon = \"\(text)\" ,  Invoice=\"\(Self.invoice)\""],
      ["Negotiate, L402 macaroon=\"\(text)\", invoice=\"\(Self.invoice)\""],
      ["L402 macaroon=\"\(text)\", invoice=\"\(Self.invoice)\", Basic realm=\"y\""],
    ] {
      #expect(Challenge(wwwAuthenticate: lines) == challenge, "\(lines)")
    }
  }

  @Test(arguments: [
    [], [""], ["Bearer realm=\"x\""], ["L402"], ["L402 macaroon=\"AgA\", invoice=\"lnbc1\""], ["L402 macaroon=\""],
    ["L402 invoice=\"lnbc1\""], ["macaroon=\"x\""], ["L402 macaroon=\"x\\"], ["===,,,"], ["\"\"\""],
  ])
  func isNotThere(lines: [String]) {
    #expect(Challenge(wwwAuthenticate: lines) == nil)
  }

  /// Challenge, payment, credential: what a client does.
  @Test func aConversation() throws {
    let line = Challenge(macaroon: try fixture.mint(), invoice: Self.invoice).wwwAuthenticate
    let challenge = try #require(Challenge(wwwAuthenticate: [line]))
    let credential = try PresentedCredential(macaroon: challenge.macaroon, preimage: fixture.preimage)
    let presented = try #require(try PresentedCredential.parse(authorization: [credential.authorization]))
    let verified = try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
    #expect(verified.lease == Fixture.lease)
    try verified.require([.read, .write], method: "PUT", path: .root, source: nil)
  }
}
