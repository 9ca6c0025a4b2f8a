import Testing
import Units

@testable import BOLT11

/// Fields put together by hand: what no honest writer writes.
@Suite struct FieldsTests {
  let key: NodeKey

  init() throws {
    key = try NodeKey(bytes: bytes(Vectors.shared.privateKeyHex))
  }

  /// Signs whatever groups it is given.
  private func invoice(_ fields: [(UInt8, [UInt8])], prefix: String = "lnbcrt1u") throws(BOLT11Error) -> Invoice {
    var groups = FiveBits.groups(of: 1_700_000_000, count: 7)
    for (tag, data) in fields { groups += [tag, UInt8(data.count >> 5), UInt8(data.count & 31)] + data }
    let signature = key.sign(Invoice.signingHash(prefix: Array(prefix.utf8), groups[...]))
    FiveBits.append(signature.compact + [signature.recoveryID], to: &groups)
    return try Invoice.parse(Bech32.encode(prefix: Array(prefix.utf8), groups: groups))
  }

  private func bytesField(_ tag: FieldTag, _ bytes: [UInt8]) -> (UInt8, [UInt8]) {
    var groups: [UInt8] = []
    FiveBits.append(bytes, to: &groups)
    return (tag.rawValue, groups)
  }

  private var hash: (UInt8, [UInt8]) { bytesField(.paymentHash, [UInt8](repeating: 7, count: 32)) }
  private var secret: (UInt8, [UInt8]) { bytesField(.paymentSecret, [UInt8](repeating: 8, count: 32)) }
  private var words: (UInt8, [UInt8]) { bytesField(.description, Array("x".utf8)) }
  private var wordsHash: (UInt8, [UInt8]) { bytesField(.descriptionHash, [UInt8](repeating: 9, count: 32)) }

  @Test func whatMustBeThere() throws {
    #expect(try invoice([hash, secret, words]).payee == key.nodeID)
    #expect(throws: BOLT11Error.missingField("p")) { try invoice([secret, words]) }
    #expect(throws: BOLT11Error.missingField("s")) { try invoice([hash, words]) }
    #expect(throws: BOLT11Error.missingField("d")) { try invoice([hash, secret]) }
  }

  @Test func whatMayStandOnce() throws {
    #expect(throws: BOLT11Error.repeatedField("p")) { try invoice([hash, hash, secret, words]) }
    #expect(throws: BOLT11Error.repeatedField("s")) { try invoice([hash, secret, secret, words]) }
    #expect(throws: BOLT11Error.repeatedField("h")) { try invoice([hash, secret, words, wordsHash]) }
    #expect(throws: BOLT11Error.repeatedField("d")) { try invoice([hash, secret, wordsHash, words]) }
    #expect(throws: BOLT11Error.repeatedField("x")) { try invoice([hash, secret, words, (6, [1]), (6, [1])]) }
  }

  @Test func whatIsSkipped() throws {
    // Unknown tag, wrong lengths, a fallback version of the future, a fallback of an impossible length.
    let skipped: [(UInt8, [UInt8])] = [
      (0, [1, 2]), (1, [UInt8](repeating: 1, count: 51)), (16, []), (19, [3]), (23, [1]), (9, [19, 1]), (9, []),
      (9, [17, 0, 0]),
    ]
    let read = try invoice(skipped + [hash, secret, words])
    #expect(read.fallbacks.isEmpty)
    #expect(read.paymentHash == [UInt8](repeating: 7, count: 32))
    #expect(!read.namesPayee)
  }

  @Test func whatIsMalformed() throws {
    #expect(throws: BOLT11Error.truncatedField("x")) {
      var groups = FiveBits.groups(of: 1_700_000_000, count: 7) + [6, 0, 2, 1]
      groups += [UInt8](repeating: 0, count: Invoice.signatureGroups)
      return try Invoice.parse(Bech32.encode(prefix: Array("lnbcrt".utf8), groups: groups))
    }
    #expect(throws: BOLT11Error.badPadding("d")) { try invoice([hash, secret, (13, [0, 0, 0])]) }
    #expect(throws: BOLT11Error.badPadding("d")) { try invoice([hash, secret, (13, [12, 1])]) }
    #expect(throws: BOLT11Error.badText) { try invoice([hash, secret, bytesField(.description, [0xff])]) }
    #expect(throws: BOLT11Error.badRouteHint) { try invoice([hash, secret, words, (3, [])]) }
    #expect(throws: BOLT11Error.numberTooLarge("x")) {
      try invoice([hash, secret, words, (6, [UInt8](repeating: 31, count: 13))])
    }
    #expect(try invoice([hash, secret, words, (6, [UInt8](repeating: 0, count: 40) + [5])]).expiry == 5)
    #expect(try invoice([hash, secret, words, (5, [])]).features == [])
  }

  @Test func anotherPayeesNameIsNotBelieved() throws {
    let other = NodeKey.random().nodeID
    #expect(throws: BOLT11Error.badSignature) { try invoice([hash, secret, words, bytesField(.payee, other.bytes)]) }
    #expect(throws: BOLT11Error.badSignature) {
      try invoice([hash, secret, words, bytesField(.payee, [UInt8(4)] + other.bytes.dropFirst())])
    }
    #expect(try invoice([hash, secret, words, bytesField(.payee, key.nodeID.bytes)]).namesPayee)
  }
}
