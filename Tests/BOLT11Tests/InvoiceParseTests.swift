import Testing
import Units

@testable import BOLT11

@Suite struct InvoiceParseTests {
  let vectors: Vectors

  init() throws {
    vectors = try Vectors.shared
  }

  @Test func readsTheExamplesOfTheSpecification() throws {
    #expect(!vectors.valid.isEmpty)
    for vector in vectors.valid + vectors.generated { try check(vector) }
  }

  @Test(arguments: [
    "lightning:%", "LIGHTNING:%", "Lightning://%", " \t%\r\n", "\n lightning: %  ",
  ])
  func readsWhatWalletsHandOut(_ pattern: String) throws {
    let vector = try #require(vectors.valid.first)
    for text in [vector.invoice.lowercased(), vector.invoice.uppercased()] {
      let pasted = pattern.split(separator: "%", omittingEmptySubsequences: false).joined(separator: text)
      #expect(try Invoice.parse(pasted).text == vector.invoice.lowercased())
    }
  }

  @Test(arguments: ["lightning:lightning:%", "%%", "x%", "lnurl:%", "lightning:", "% %", "\u{301}%"])
  func readsNothingElseAroundIt(_ pattern: String) throws {
    let vector = try #require(vectors.valid.first)
    let text = pattern.split(separator: "%", omittingEmptySubsequences: false).joined(separator: vector.invoice)
    #expect(throws: BOLT11Error.self) { try Invoice.parse(text) }
  }

  private func check(_ vector: Vectors.Readable) throws {
    let title = Comment(rawValue: vector.title)
    let expected = vector.expected
    let invoice = try Invoice.parse(vector.invoice)
    #expect(invoice.text == vector.invoice.lowercased(), title)
    #expect(invoice.network.rawValue == expected.currency, title)
    #expect(invoice.amount?.count == expected.amountMsat, title)
    #expect(invoice.timestamp == Instant(unixSeconds: expected.timestamp), title)
    #expect(invoice.expiry.count == expected.expiry, title)
    #expect(invoice.minFinalCLTV == expected.minFinalCltvExpiryDelta, title)
    #expect(invoice.paymentHash == bytes(expected.paymentHash), title)
    #expect(invoice.paymentSecret == bytes(expected.paymentSecret), title)
    #expect(invoice.description == expected.description, title)
    #expect(invoice.descriptionHash == expected.descriptionHash.map(bytes), title)
    #expect(invoice.features.bits == expected.featureBits ?? [], title)
    #expect(invoice.metadata == expected.metadata.map(bytes), title)
    #expect(invoice.payee.bytes == bytes(expected.payee), title)
    #expect(
      invoice.fallbacks == expected.fallbacks.map { Fallback(version: $0.version, program: bytes($0.hex)) }, title)
    #expect(invoice.routeHints == expected.routeHints.map { RouteHint($0.map(hop)) }, title)

    let decoded = try Bech32.decode(vector.invoice)
    let signed = decoded.groups.dropLast(Invoice.signatureGroups)
    #expect(Invoice.signingHash(prefix: decoded.prefix, signed) == bytes(expected.signingHashHex), title)
  }

  private func hop(_ hop: Vectors.Hop) -> RouteHint.Hop {
    let parts = hop.shortChannelId.split(separator: "x").compactMap { UInt64($0) }
    return RouteHint.Hop(
      node: NodeID(unchecked: bytes(hop.pubkey)), shortChannelID: parts[0] << 40 | parts[1] << 16 | parts[2],
      feeBase: hop.feeBaseMsat, feeProportionalMillionths: hop.feeProportionalMillionths,
      cltvExpiryDelta: hop.cltvExpiryDelta)
  }

  @Test func refusesWhatTheSpecificationRefuses() throws {
    let errors: [String: BOLT11Error] = [
      "unknown even feature bit": .unknownFeature(100),
      "bad bech32 checksum": .badChecksum,
      "no separator": .noSeparator,
      "mixed case": .mixedCase,
      "signature is not recoverable": .unrecoverableSignature,
      "too short": .tooShort,
      "invalid multiplier": .badMultiplier,
      "sub-millisatoshi precision": .subMillisatoshiAmount,
      "missing s field": .missingField("s"),
      "non-canonical (high-S) signature with an 'n' field": .highSignature,
    ]
    // However many there are. One for another reason must be refused, for whatever reason we have for it.
    #expect(!vectors.refuse.isEmpty)
    for vector in vectors.refuse {
      do {
        _ = try Invoice.parse(vector.invoice)
        Issue.record("it was read: \(vector.title)")
      } catch {
        let expected = errors[vector.expectedError]
        #expect(expected == nil || error == expected, Comment(rawValue: vector.title))
      }
    }
  }

  @Test func anyChangedCharacterIsRefused() throws {
    let text = Array(vectors.generated[0].invoice.utf8)
    for index in text.indices {
      for replacement in UInt8(33)...126 where replacement != text[index] {
        var changed = text
        changed[index] = replacement
        #expect(throws: BOLT11Error.self) { try Invoice.parse(String(decoding: changed, as: UTF8.self)) }
      }
    }
  }

  @Test func everyTruncationAndExtensionIsRefused() throws {
    let text = vectors.generated[0].invoice
    for count in 0..<text.count { #expect(throws: BOLT11Error.self) { try Invoice.parse(String(text.prefix(count))) } }
    for addition in ["q", "p", "\u{a0}", "\u{0}", "1", "\u{e9}"] {
      #expect(throws: BOLT11Error.self) { try Invoice.parse(text + addition) }
      #expect(throws: BOLT11Error.self) { try Invoice.parse(addition + text) }
    }
  }

  /// The checksum alone does not protect: a changed group with its checksum made new names another payee or nobody.
  @Test func aChangedGroupUnderANewChecksumIsAnotherPayees() throws {
    let vector = vectors.generated[0]
    let decoded = try Bech32.decode(vector.invoice)
    for index in decoded.groups.indices {
      var groups = decoded.groups
      groups[index] ^= 1
      let payee = try? Invoice.parse(Bech32.encode(prefix: decoded.prefix, groups: groups)).payee
      #expect(payee?.bytes != bytes(vector.expected.payee))
    }
  }

  @Test func randomGroupsNeverCrashTheReader() throws {
    var generator = SplitMix(state: 11)
    for _ in 0..<3_000 {
      let count = Int.random(in: 100...400, using: &generator)
      let groups = (0..<count).map { _ in UInt8.random(in: 0...31, using: &generator) }
      _ = try? Invoice.parse(Bech32.encode(prefix: Array("lnbcrt1u".utf8), groups: groups))
    }
  }

  @Test func anInvoiceExpiresAtItsMoment() throws {
    let invoice = try Invoice.parse(vectors.generated[0].invoice)
    let end = Instant(unixSeconds: 1_700_000_000 + 600)
    #expect(invoice.expiresAt == end)
    #expect(!invoice.isExpired(at: end.advanced(byMicroseconds: -1)))
    #expect(invoice.isExpired(at: end))
  }

  @Test func anInvoiceDoesNotShowItsTextOrSecret() throws {
    let invoice = try Invoice.parse(vectors.generated[0].invoice)
    var dumped = ""
    dump(invoice, to: &dumped)
    for shown in ["\(invoice)", String(reflecting: invoice), dumped] {
      #expect(!shown.contains(invoice.text))
      #expect(!shown.contains(Hex.text(of: invoice.paymentSecret)))
      #expect(shown.contains(Hex.text(of: invoice.paymentHash)))
    }
  }
}
