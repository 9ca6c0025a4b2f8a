import Macaroons
import Testing

@testable import L402

/// The forms of `Authorization` that are accepted and refused, one a row.
@Suite struct AuthorizationTableTests {
  enum Outcome: Sendable {
    case credential
    /// No line is for us: the door asks for a credential.
    case nothing
    case refused(CredentialRefusal)
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var outcome: Outcome
    var lines: @Sendable (Parts) -> [String]

    init(_ name: String, _ outcome: Outcome, _ lines: @escaping @Sendable (Parts) -> [String]) {
      testDescription = name
      self.outcome = outcome
      self.lines = lines
    }
  }

  struct Parts: Sendable {
    /// Standard alphabet, padded. Chosen so that padding and both alphabets' own digits are in it.
    var macaroon: String
    var preimage: String

    var url: String { String(macaroon.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }) }
    var line: String { "L402 \(macaroon):\(preimage)" }
    func bare(_ text: String) -> String { String(text.filter { $0 != "=" }) }
  }

  static let accepted: [Row] = [
    Row("as we write it", .credential) { ["L402 \($0.macaroon):\($0.preimage)"] },
    Row("scheme LSAT", .credential) { ["LSAT \($0.macaroon):\($0.preimage)"] },
    Row("scheme in lower case", .credential) { ["l402 \($0.macaroon):\($0.preimage)"] },
    Row("scheme in mixed case", .credential) { ["lSaT \($0.macaroon):\($0.preimage)"] },
    Row("scheme doubled", .credential) { ["L402 L402 \($0.macaroon):\($0.preimage)"] },
    Row("two schemes", .credential) { ["LSAT L402 \($0.macaroon):\($0.preimage)"] },
    Row("several spaces", .credential) { ["L402    \($0.macaroon):\($0.preimage)"] },
    Row("blanks at both ends", .credential) { [" \t\($0.line)\t "] },
    Row("without padding", .credential) { ["L402 \($0.bare($0.macaroon)):\($0.preimage)"] },
    Row("URL alphabet", .credential) { ["L402 \($0.url):\($0.preimage)"] },
    Row("URL alphabet without padding", .credential) { ["L402 \($0.bare($0.url)):\($0.preimage)"] },
    Row("preimage in capitals", .credential) { ["L402 \($0.macaroon):\($0.preimage.uppercased())"] },
    Row("Bearer on a line before", .credential) { ["Bearer abc", $0.line] },
    Row("Bearer on a line behind", .credential) { [$0.line, "Bearer abc"] },
    Row("rubbish of another scheme", .credential) { ["Basic !!\u{1}", $0.line] },
    Row("an empty line", .credential) { ["", $0.line] },
    Row("the same on two lines", .credential) { [$0.line, "LSAT" + $0.line.dropFirst(4)] },
  ]

  static let ignored: [Row] = [
    Row("no line", .nothing) { _ in [] },
    Row("an empty line alone", .nothing) { _ in [""] },
    Row("Bearer alone", .nothing) { _ in ["Bearer abc"] },
    Row("a list that another scheme begins", .nothing) { ["Bearer abc, \($0.line)"] },
    Row("a longer scheme", .nothing) { ["L4020 \($0.macaroon):\($0.preimage)"] },
    Row("a scheme and a tab", .nothing) { ["L402\t\($0.macaroon):\($0.preimage)"] },
    Row("a shorter scheme", .nothing) { ["L40 \($0.macaroon):\($0.preimage)"] },
  ]

  static let refused: [Row] = [
    Row("scheme alone", .refused(.badHeader)) { _ in ["L402"] },
    Row("scheme and a space", .refused(.badHeader)) { _ in ["L402 "] },
    Row("scheme three times", .refused(.badHeader)) { ["L402 L402 L402 \($0.macaroon):\($0.preimage)"] },
    Row("no colon", .refused(.badHeader)) { ["L402 \($0.macaroon)"] },
    Row("no macaroon", .refused(.badHeader)) { ["L402 :\($0.preimage)"] },
    Row("no preimage", .refused(.badHeader)) { ["L402 \($0.macaroon):"] },
    Row("31 bytes of preimage", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage.dropLast(2))"] },
    Row("63 digits", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage.dropLast())"] },
    Row("65 digits", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage)0"] },
    Row("33 bytes of preimage", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage)00"] },
    Row("a preimage in base64", .refused(.badHeader)) {
      ["L402 \($0.macaroon):\(Base64.encode(Hex.decode($0.preimage) ?? []))"]
    },
    Row("no digit in the preimage", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage.dropLast())g"] },
    Row("a space before the preimage", .refused(.badHeader)) { ["L402 \($0.macaroon): \($0.preimage)"] },
    Row("words behind", .refused(.badHeader)) { ["\($0.line) junk"] },
    Row("a list behind", .refused(.badHeader)) { ["\($0.line), Bearer x"] },
    Row("a parameter behind", .refused(.badHeader)) { ["\($0.line);q=1"] },
    Row("a second preimage", .refused(.badHeader)) { ["\($0.line):\($0.preimage)"] },
    Row("NUL behind", .refused(.badHeader)) { ["\($0.line)\u{0}"] },
    Row("a line's end behind", .refused(.badHeader)) { ["\($0.line)\n"] },
    Row("a line's end within", .refused(.badHeader)) { ["L402 \($0.macaroon)\r\n:\($0.preimage)"] },
    Row("DEL within", .refused(.badHeader)) { ["L402 \($0.macaroon)\u{7f}:\($0.preimage)"] },
    Row("letters that are not ASCII", .refused(.badHeader)) { ["L402 \($0.macaroon):\($0.preimage.dropLast())é"] },
    Row("quoted", .refused(.badHeader)) { ["L402 \"\($0.macaroon)\":\($0.preimage)"] },
    Row("as parameters", .refused(.badHeader)) { ["L402 macaroon=\"\($0.macaroon)\", preimage=\"\($0.preimage)\""] },
    Row("both alphabets", .refused(.badHeader)) { ["L402 +-\($0.macaroon.dropFirst(2)):\($0.preimage)"] },
    Row("padding too long", .refused(.badHeader)) { ["L402 \($0.macaroon)=:\($0.preimage)"] },
    Row("padding in front", .refused(.badHeader)) { ["L402 =\($0.macaroon):\($0.preimage)"] },
    Row("a comma before the macaroon", .refused(.badHeader)) { ["L402 ,\($0.macaroon):\($0.preimage)"] },
    Row("a comma behind the macaroon", .refused(.badHeader)) { ["L402 \($0.macaroon),:\($0.preimage)"] },
    Row("a macaroon missing between", .refused(.badHeader)) {
      ["L402 \($0.macaroon),,\($0.macaroon):\($0.preimage)"]
    },
    Row("a sound line and an unsound", .refused(.badHeader)) { [$0.line, "L402 x"] },
    Row("another credential beside it", .refused(.badHeader)) {
      [$0.line, "L402 \($0.macaroon):\(String(repeating: "0", count: 64))"]
    },
    Row("no macaroon in the base64", .refused(.malformed)) { ["L402 AAAA:\($0.preimage)"] },
    Row("a macaroon in JSON in base64", .refused(.malformed)) {
      ["L402 \(Base64.encode(Array("{\"i\":\"x\"}".utf8))):\($0.preimage)"]
    },
    Row("a byte behind the macaroon", .refused(.malformed)) {
      ["L402 \(Base64.encode((Base64.decode($0.macaroon) ?? []) + [0])):\($0.preimage)"]
    },
    Row("an identifier of another length", .refused(.malformed)) {
      let other = Macaroon(location: "leasehold", identifier: [0, 0, 1], key: MacaroonKey(rootKey: [1]))
      return ["L402 \(Base64.encode(other.wire)):\($0.preimage)"]
    },
    Row("an identifier of another version", .refused(.malformed)) {
      let other = Macaroon(
        location: "leasehold", identifier: [0, 1] + [UInt8](repeating: 7, count: 64), key: MacaroonKey(rootKey: [1]))
      return ["L402 \(Base64.encode(other.wire)):\($0.preimage)"]
    },
  ]

  private let fixture = Fixture()

  private func parts() throws -> (Parts, PresentedCredential) {
    // Caveats until the text has all that the rows are about.
    for length in 1..<200 {
      let macaroon = try fixture.mint(then: ["preimage=" + String(repeating: "\u{fb}", count: length) + "?>"])
      let text = Base64.encode(macaroon.wire)
      guard text.hasSuffix("="), text.contains("+"), text.contains("/") else { continue }
      let shown = try PresentedCredential(macaroon: macaroon, preimage: fixture.preimage)
      return (Parts(macaroon: text, preimage: fixture.preimage.hex), shown)
    }
    throw CredentialRefusal.malformed
  }

  @Test(arguments: accepted + ignored + refused)
  func isReadSo(_ row: Row) throws {
    let (parts, expected) = try parts()
    let lines = row.lines(parts)
    switch row.outcome {
    case .credential:
      #expect(try PresentedCredential.parse(authorization: lines) == expected)
      _ = try expected.verified(by: fixture.keyring, at: Fixture.now) { _ in false }
    case .nothing:
      #expect(try PresentedCredential.parse(authorization: lines) == nil)
    case .refused(let refusal):
      #expect(throws: refusal) { try PresentedCredential.parse(authorization: lines) }
    }
  }

  /// They are in problem documents and metrics: whoever changes one breaks somebody.
  @Test func reasonsAreStable() {
    let refusals: [(CredentialRefusal, String)] = [
      (.badHeader, "bad-header"), (.malformed, "credential-malformed"), (.wrongPreimage, "wrong-preimage"),
      (.revoked, "credential-revoked"), (.retired, "credential-retired"), (.forged, "credential-forged"),
      (.undischarged, "third-party-undischarged"), (.discharge(.dischargeUnbound), "discharge-unbound"),
      (.discharge(.dischargeForged), "discharge-forged"), (.discharge(.dischargeUnused), "discharge-unused"),
      (.discharge(.dischargeRepeated), "discharge-repeated"), (.discharge(.dischargeCycle), "discharge-cycle"),
      (.discharge(.sealedKey), "third-party-key-unreadable"), (.discharge(.tooDeep), "discharges-too-deep"),
      (.discharge(.tooManyDischarges), "discharges-too-many"), (.widened(.path), "caveat-widened"),
      (.malformedCaveat(.path), "caveat-malformed"), (.unknownCaveat, "unknown-caveat"),
    ]
    for (refusal, reason) in refusals { #expect(refusal.reason == reason) }
    let permissions: [(PermissionRefusal, String)] = [
      (.capability(.read), "narrowed-capability"), (.path, "narrowed-path"), (.method, "narrowed-method"),
      (.source, "narrowed-source"), (.amount, "narrowed-amount"), (.expired, "narrowed-expired"),
      (.port, "narrowed-port"),
    ]
    for (refusal, reason) in permissions { #expect(refusal.reason == reason) }
  }
}
