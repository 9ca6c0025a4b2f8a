import Foundation
import Testing

@testable import Macaroons

/// Against what libmacaroons and Go's macaroon.v2 say.
@Suite struct VectorTests {
  @Test(arguments: Vectors.shared.valid)
  func readsAndWritesByteForByte(_ vector: Vectors.Valid) throws {
    let wire = bytes(vector.v2BinaryHex)
    let macaroon = try Macaroon(v2: wire)
    #expect(macaroon.wire == wire)
    #expect(Array(macaroon.identifier) == bytes(vector.identifierHex))
    #expect(Array(macaroon.location ?? []) == Array(vector.location.utf8))
    #expect(macaroon.signature.hex == vector.signatureHex)
    #expect(macaroon.caveats.map { Array($0.identifier) } == vector.caveats.map { bytes($0.idHex) })
    #expect(macaroon.caveats.map { $0.verification.map(Array.init) } == vector.caveats.map { $0.vidHex.map(bytes) })
    #expect(macaroon.caveats.count == vector.caveats.count)
    #expect(macaroon.hasThirdPartyCaveats == !vector.isFirstParty)
  }

  @Test(arguments: Vectors.shared.valid)
  func everyFormatGivenIsReadAndWritten(_ vector: Vectors.Valid) throws {
    let macaroon = try Macaroon(v2: bytes(vector.v2BinaryHex))
    if let text = vector.v2BinaryBase64 {
      #expect(try Macaroon(text: text) == macaroon)
      #expect(Base64.encode(macaroon.wire) == text)
    }
    if let text = vector.v2BinaryBase64Url {
      #expect(try Macaroon(text: text) == macaroon)
      #expect(Base64.encodeForURL(macaroon.wire) == text)
    }
    if let text = vector.v1BinaryBase64Url {
      let v1 = try #require(Base64.decode(text))
      #expect(try Macaroon(v1: v1) == macaroon)
      #expect(try macaroon.v1() == v1)
    } else if vector.caveats.contains(where: { $0.idHex.utf8.count > 2 * 0xffff }) {
      #expect(throws: MacaroonFault.tooLong) { try macaroon.v1() }
    }
  }

  /// Objects are compared, for an object's members have no order; the spelling of every member is.
  @Test func everyJSONIsReadAndWritten() throws {
    let json = try Vectors.json()
    #expect(!json.isEmpty)
    for vector in Vectors.shared.valid {
      guard let expected = json[vector.name] else { continue }
      let macaroon = try Macaroon(v2: bytes(vector.v2BinaryHex))
      let written = try JSONSerialization.jsonObject(with: Data(macaroon.json.utf8)) as? NSDictionary
      #expect(written == expected, "\(vector.name)")
      let text = try JSONSerialization.data(withJSONObject: expected)
      #expect(try Macaroon(json: Array(text)) == macaroon, "\(vector.name)")
      #expect(try Macaroon(json: macaroon.json) == macaroon, "\(vector.name)")
    }
  }

  @Test(arguments: Vectors.shared.valid)
  func verifies(_ vector: Vectors.Valid) throws {
    let key = MacaroonKey(rootKey: bytes(vector.rootKeyHex))
    #expect(MacaroonKey.derive(bytes(vector.rootKeyHex)).hex == vector.derivedKeyHex)
    let macaroon = try Macaroon(v2: bytes(vector.v2BinaryHex))
    let discharges = try (vector.discharges ?? []).map { try Macaroon(text: $0.v2BinaryBase64) }
    try macaroon.verify(key, discharges: discharges)
    if !discharges.isEmpty {
      // The chain is genuine (so it is not "forged"), and still nothing is granted.
      #expect(throws: VerificationFault.undischarged) { try macaroon.verify(key) }
    }
    for (discharge, given) in zip(discharges, vector.discharges ?? []) {
      let own = Macaroon.discharge(
        of: bytes(given.identifierHex), location: given.location, rootKey: bytes(given.rootKeyHex),
        caveats: given.caveats.map { bytes($0.idHex) })
      #expect(own.signature.hex == given.unboundSignatureHex)
      #expect(own.bound(to: macaroon) == discharge)
      #expect(discharge.signature.hex == given.boundSignatureHex)
    }
  }

  @Test(arguments: Vectors.shared.valid)
  func mintsTheSameBytes(_ vector: Vectors.Valid) throws {
    let key = MacaroonKey(rootKey: bytes(vector.rootKeyHex))
    var macaroon = Macaroon(location: vector.location, identifier: bytes(vector.identifierHex), key: key)
    #expect(macaroon.signature.hex == vector.signatureChainHex[0])
    for (caveat, signature) in zip(vector.caveats, vector.signatureChainHex.dropFirst()) {
      let identifier = bytes(caveat.idHex)
      if let sealed = caveat.vidHex.map(bytes) {
        // Without the discharge's key there is nothing to seal anew.
        guard let given = vector.discharges?.first(where: { $0.identifierHex == caveat.idHex }) else { return }
        let root = bytes(given.rootKeyHex)
        macaroon = macaroon.adding(
          thirdParty: identifier, location: caveat.location ?? "", rootKey: root, nonce: Array(sealed.prefix(24)))
      } else {
        macaroon = macaroon.adding(identifier)
      }
      #expect(macaroon.signature.hex == signature)
    }
    #expect(macaroon.wire == bytes(vector.v2BinaryHex))
    if vector.isFirstParty {
      let whole = Macaroon(
        location: vector.location, identifier: bytes(vector.identifierHex),
        caveats: vector.caveats.map { bytes($0.idHex) }, key: key)
      #expect(whole == macaroon)
    }
  }

  /// Why each class of bytes is refused, by the beginning of the vector's own words. A file with other classes fails
  /// here only if something in it is not refused.
  private static let faults: [(why: String, fault: MacaroonFault)] = [
    ("no data", .empty), ("truncated header", .truncated), ("truncated", .truncated),
    ("unknown version byte", .version), ("signature must be 32 bytes", .signature),
    ("no signature packet", .unsigned), ("tag 5 instead of 6", .unsigned), ("header has no identifier", .identifier),
    ("fields must be in increasing tag order", .field), ("caveat without identifier", .identifier),
    ("extra field in caveat", .field), ("caveat list not terminated", .list), ("packet length past end", .truncated),
    ("varint overflow", .varint), ("2 GiB length", .truncated), ("the byte layout printed", .list),
    ("garbage", .version), ("JSON where binary is expected", .version),
  ]

  @Test(arguments: Vectors.shared.refuse.filter { $0.v2BinaryHex != nil })
  func refuses(_ vector: Vectors.Refused) throws {
    let wire = bytes(try #require(vector.v2BinaryHex))
    if let root = vector.rootKeyHex {
      let expected: VerificationFault =
        vector.why.hasPrefix("third-party caveat and no discharge") ? .undischarged : .forged
      let macaroon = try Macaroon(v2: wire)
      #expect(throws: expected) { try macaroon.verify(MacaroonKey(rootKey: bytes(root))) }
      return
    }
    do {
      _ = try Macaroon(v2: wire)
      Issue.record("it was read: \(vector.why)")
    } catch {
      let expected = VectorTests.faults.first { vector.why.hasPrefix($0.why) }
      if let expected { #expect(error == expected.fault) }
    }
    #expect(throws: MacaroonFault.self) { try Macaroon(binary: wire) }
    #expect(throws: MacaroonFault.self) { try Macaroon(text: Base64.encode(wire)) }
  }

  @Test func reasonsAreDistinct() {
    let faults: [MacaroonFault] = [
      .empty, .version, .truncated, .varint, .identifier, .field, .location, .list, .unsigned, .signature, .trailing,
      .base64,
      .json, .tooLong,
    ]
    #expect(Set(faults.map(\.reason)).count == faults.count)
  }

  /// Kept here as well, so that the arithmetic is checked where the vectors are not at hand.
  @Test func libmacaroonsReadme() throws {
    let key = MacaroonKey(rootKey: Array("this is our super secret key; only we should know it".utf8))
    let bare = Macaroon(location: "http://mybank/", identifier: Array("we used our secret key".utf8), key: key)
    #expect(bare.signature.hex == "e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f")
    let narrowed = bare.adding(Array("account = 3735928559".utf8))
    #expect(narrowed.signature.hex == "1efe4763f290dbce0c1d08477367e11f4eee456a64933cf662d79772dbb82128")
    try narrowed.verify(key)
    #expect(
      narrowed.json
        == #"{"c":[{"i":"account = 3735928559"}],"l":"http://mybank/","i":"we used our secret key","#
        + #""s64":"Hv5HY_KQ284MHQhHc2fhH07uRWpkkzz2YteXctu4ISg"}"#)
  }
}
