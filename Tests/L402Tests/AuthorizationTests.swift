import Macaroons
import Testing

@testable import L402

@Suite struct AuthorizationTests {
  private let fixture = Fixture()

  private func url(_ base64: String) -> String {
    String(base64.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
  }
  private func bare(_ base64: String) -> String { String(base64.filter { $0 != "=" }) }

  private func expected() throws -> PresentedCredential {
    try PresentedCredential(macaroon: fixture.mint(), preimage: fixture.preimage)
  }

  @Test func acceptedForms() throws {
    let macaroon = Base64.encode(try fixture.mint().wire)
    let hex = fixture.preimage.hex
    let forms = [
      "L402 \(macaroon):\(hex)", "LSAT \(macaroon):\(hex)", "l402 \(macaroon):\(hex)", "lsat \(macaroon):\(hex)",
      "lSaT \(macaroon):\(hex)", "L402 \(macaroon):\(hex.uppercased())", "L402 \(url(macaroon)):\(hex)",
      "L402 \(bare(macaroon)):\(hex)", "L402 \(url(bare(macaroon))):\(hex)", "L402   \(macaroon):\(hex)",
      "  L402 \(macaroon):\(hex)\t", "L402 L402 \(macaroon):\(hex)", "LSAT L402 \(macaroon):\(hex)",
    ]
    for form in forms {
      #expect(try PresentedCredential.parse(authorization: [form]) == expected(), "\(form.prefix(12))")
    }
  }

  @Test func severalLines() throws {
    let own = try expected().authorization
    let lsat = "LSAT" + own.dropFirst(4)
    for lines in [
      ["Bearer abc", own], [own, "Bearer abc"], ["Basic !!\u{1}", own], [own, lsat], [own, own], ["", own],
    ] {
      #expect(try PresentedCredential.parse(authorization: lines) == expected())
    }
    let other = try PresentedCredential(macaroon: fixture.mint(.read), preimage: fixture.preimage).authorization
    #expect(throws: CredentialRefusal.badHeader) { try PresentedCredential.parse(authorization: [own, other]) }
    #expect(throws: CredentialRefusal.badHeader) { try PresentedCredential.parse(authorization: [own, "L402 x"]) }
  }

  @Test(arguments: [[], [""], ["Bearer abc"], ["L4020 a:b"], ["L40 a:b"], ["Basic TDQwMg=="], ["XL402 a:b"]])
  func noCredentialAtAll(lines: [String]) throws {
    #expect(try PresentedCredential.parse(authorization: lines) == nil)
  }

  @Test func refusedForms() throws {
    let macaroon = Base64.encode(try fixture.mint().wire)
    let hex = fixture.preimage.hex
    let forms = [
      "L402", "L402 ", "L402 \(macaroon)", "L402 :\(hex)", "L402 \(macaroon):", "L402 \(macaroon):\(hex.dropLast())",
      "L402 \(macaroon):\(hex)0", "L402 \(macaroon):\(hex)00", "L402 \(macaroon):\(hex) junk",
      "L402 \(macaroon):\(hex), Bearer x", "L402 \(macaroon):\(hex):", "L402 \(macaroon):\(hex)\u{0}",
      "L402 \(macaroon):\(hex)\n", "L402 \(macaroon)\r\n:\(hex)", "L402 \(macaroon)\u{7f}:\(hex)",
      "L402 \(macaroon) :\(hex)x", "L402 \(macaroon): \(hex)", "L402 ,\(macaroon):\(hex)", "L402 \(macaroon),:\(hex)",
      "L402 \(macaroon),,\(macaroon):\(hex)", "L402 \"\(macaroon)\":\(hex)", "L402 L402 L402 \(macaroon):\(hex)",
      "L402 \(macaroon)=:\(hex)", "L402 =\(macaroon):\(hex)", "L402 *\(macaroon.dropFirst()):\(hex)",
      "L402 \(macaroon):\(hex.dropLast())g", "L402 \(macaroon):\(hex.dropLast())é", "L402\t\(macaroon):\(hex)x",
    ]
    for form in forms where !form.hasPrefix("L402\t") {
      #expect(throws: CredentialRefusal.badHeader, "\(form.debugDescription)") {
        try PresentedCredential.parse(authorization: [form])
      }
    }
    for notAMacaroon in ["AAAA", "Ag==", Base64.encode(Array("{\"i\":\"x\"}".utf8)), "", "L402"]
    where notAMacaroon != "" {
      #expect(throws: CredentialRefusal.malformed, "\(notAMacaroon)") {
        try PresentedCredential.parse(authorization: ["L402 \(notAMacaroon):\(hex)"])
      }
    }
    let trailing = Base64.encode(try fixture.mint().wire + [0])
    #expect(throws: CredentialRefusal.malformed) {
      try PresentedCredential.parse(authorization: ["L402 \(trailing):\(hex)"])
    }
  }

  @Test func anEmptyPreimageOnlyForAClaim() throws {
    let macaroon = try fixture.mint()
    let line = "L402 \(Base64.encode(macaroon.wire)):"
    #expect(throws: CredentialRefusal.badHeader) { try PresentedCredential.parse(authorization: [line]) }
    let claim = try PresentedCredential.parse(authorization: [line], emptyPreimage: .isClaim)
    #expect(try claim == PresentedCredential(macaroon: macaroon, preimage: nil))
    #expect(claim?.authorization == line)
    #expect(throws: CredentialRefusal.badHeader) {
      try PresentedCredential.parse(authorization: [line.dropLast() + ""], emptyPreimage: .isClaim)
    }
  }

  @Test func severalMacaroons() throws {
    let root = try fixture.mint()
    let discharge = Macaroon(location: "elsewhere", identifier: Array("d".utf8), key: MacaroonKey(rootKey: [1]))
    let presented = try PresentedCredential(macaroon: root, discharges: [discharge], preimage: fixture.preimage)
    for separator in [",", ", "] {
      let line =
        "L402 \(Base64.encode(root.wire))\(separator)\(Base64.encode(discharge.wire)):\(fixture.preimage.hex)"
      #expect(try PresentedCredential.parse(authorization: [line]) == presented)
    }
    #expect(try PresentedCredential.parse(authorization: [presented.authorization]) == presented)
  }

  /// Some wallets keep the older form.
  @Test func aMacaroonInV1IsTheSameCredential() throws {
    func packet(_ key: String, _ value: some Collection<UInt8>) -> [UInt8] {
      let body = Array("\(key) ".utf8) + value + [0x0a]
      let digits = String(body.count + 4, radix: 16)
      return Array((String(repeating: "0", count: 4 - digits.count) + digits).utf8) + body
    }
    let macaroon = try fixture.mint()
    let v1 =
      packet("location", "leasehold".utf8) + packet("identifier", macaroon.identifier)
      + macaroon.caveats.flatMap { packet("cid", $0.identifier) } + packet("signature", macaroon.signature.array)
    let line = "L402 \(Base64.encode(v1)):\(fixture.preimage.hex)"
    #expect(try PresentedCredential.parse(authorization: [line]) == expected())
  }

  @Test func metadataCarriesThePreimageAsACaveat() throws {
    let macaroon = try fixture.mint().adding(["preimage=\(fixture.preimage.hex)"])
    let presented = try PresentedCredential.parse(metadata: Hex.encode(macaroon.wire))
    #expect(presented.preimage == fixture.preimage)
    _ = try presented.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
    #expect(throws: CredentialRefusal.badHeader) {
      try PresentedCredential.parse(metadata: Hex.encode(fixture.mint().wire))
    }
    #expect(throws: CredentialRefusal.badHeader) { try PresentedCredential.parse(metadata: "abc") }
    #expect(throws: CredentialRefusal.malformed) { try PresentedCredential.parse(metadata: "abcd") }
  }
}
