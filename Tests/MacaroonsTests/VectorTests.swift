import Macaroons
import Testing

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

  @Test(arguments: Vectors.shared.valid.filter(\.isFirstParty))
  func verifies(_ vector: Vectors.Valid) throws {
    let key = MacaroonKey(rootKey: bytes(vector.rootKeyHex))
    try Macaroon(v2: bytes(vector.v2BinaryHex)).verify(key)
  }

  @Test(arguments: Vectors.shared.valid.filter(\.isFirstParty))
  func mintsTheSameBytes(_ vector: Vectors.Valid) throws {
    let wire = bytes(vector.v2BinaryHex)
    let key = MacaroonKey(rootKey: bytes(vector.rootKeyHex))
    let caveats = vector.caveats.map { bytes($0.idHex) }
    let whole = Macaroon(
      location: vector.location, identifier: bytes(vector.identifierHex), caveats: caveats, key: key)
    #expect(whole.wire == wire)
    let bare = Macaroon(location: vector.location, identifier: bytes(vector.identifierHex), key: key)
    #expect(caveats.reduce(bare) { $0.adding($1) }.wire == wire)
  }

  /// The chain is genuine (so it is not "forged"), and still nothing is granted.
  @Test(arguments: Vectors.shared.valid.filter { !$0.isFirstParty })
  func refusesUndischarged(_ vector: Vectors.Valid) throws {
    let macaroon = try Macaroon(v2: bytes(vector.v2BinaryHex))
    #expect(throws: VerificationFault.undischarged) {
      try macaroon.verify(MacaroonKey(rootKey: bytes(vector.rootKeyHex)))
    }
  }

  @Test(arguments: Vectors.shared.refuse.filter { $0.v2BinaryHex != nil })
  func refuses(_ vector: Vectors.Refused) throws {
    let wire = bytes(try #require(vector.v2BinaryHex))
    guard let root = vector.rootKeyHex else {
      #expect(throws: MacaroonFault.self) { try Macaroon(v2: wire) }
      return
    }
    let macaroon = try Macaroon(v2: wire)
    #expect(throws: VerificationFault.self) { try macaroon.verify(MacaroonKey(rootKey: bytes(root))) }
  }

  /// Kept here as well, so that the arithmetic is checked where the vectors are not at hand.
  @Test func libmacaroonsReadme() throws {
    let key = MacaroonKey(rootKey: Array("this is our super secret key; only we should know it".utf8))
    let bare = Macaroon(location: "http://mybank/", identifier: Array("we used our secret key".utf8), key: key)
    #expect(bare.signature.hex == "e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f")
    let narrowed = bare.adding(Array("account = 3735928559".utf8))
    #expect(narrowed.signature.hex == "1efe4763f290dbce0c1d08477367e11f4eee456a64933cf662d79772dbb82128")
    try narrowed.verify(key)
  }
}
