import Testing
import Units

@testable import BOLT11

@Suite struct InvoiceDraftTests {
  let key: NodeKey

  init() throws {
    key = try NodeKey(bytes: bytes(Vectors.shared.privateKeyHex))
  }

  @Test func writesWhatAnIndependentEncoderWrites() throws {
    let vectors = try Vectors.shared.generated
    #expect(!vectors.isEmpty)
    for vector in vectors {
      let expected = vector.expected
      let draft = InvoiceDraft(
        network: try #require(Network(rawValue: expected.currency)),
        amount: expected.amountMsat.map(Millisatoshi.init(_:)),
        timestamp: Instant(unixSeconds: expected.timestamp), paymentHash: bytes(expected.paymentHash),
        paymentSecret: bytes(expected.paymentSecret), subject: .description(try #require(expected.description)),
        expiry: expected.expiry == 3_600 ? nil : Seconds(expected.expiry),
        minFinalCLTV: expected.minFinalCltvExpiryDelta)
      #expect(try draft.sign(with: key).text == vector.invoice, Comment(rawValue: vector.title))
    }
  }

  @Test func whatIsSignedIsReadBackUnchanged() throws {
    var generator = SplitMix(state: 7)
    for _ in 0..<300 {
      let draft = randomDraft(&generator)
      let signed = try draft.sign(with: key)
      for text in [signed.text, signed.text.uppercased()] {
        let read = try Invoice.parse(text)
        #expect(read.text == signed.text)
        #expect(fields(read) == fields(signed))
        #expect(read.amount == draft.amount)
        #expect(read.timestamp == draft.timestamp)
        #expect(read.paymentHash == draft.paymentHash)
        #expect(read.paymentSecret == draft.paymentSecret)
        #expect(read.subject == draft.subject)
        #expect(read.expiry == draft.expiry ?? .hour)
        #expect(read.minFinalCLTV == draft.minFinalCLTV ?? 18)
        #expect(read.routeHints == draft.routeHints)
        #expect(read.fallbacks == draft.fallbacks)
        #expect(read.features == draft.features)
        #expect(read.metadata == draft.metadata)
        #expect(read.payee == key.nodeID)
      }
    }
  }

  /// Every stored property but the text.
  private func fields(_ invoice: Invoice) -> [String] {
    [
      "\(invoice.network)", "\(String(describing: invoice.amount))", "\(invoice.timestamp)", "\(invoice.paymentHash)",
      "\(invoice.paymentSecret)", "\(invoice.subject)", "\(invoice.expiry)", "\(invoice.minFinalCLTV)",
      "\(invoice.routeHints)", "\(invoice.fallbacks)", "\(invoice.features)", "\(String(describing: invoice.metadata))",
      "\(invoice.payee)", "\(invoice.namesPayee)",
    ]
  }

  private func randomDraft(_ generator: inout SplitMix) -> InvoiceDraft {
    let text = String(
      String.UnicodeScalarView(
        (0..<Int.random(in: 0...60, using: &generator)).compactMap { _ in
          Unicode.Scalar(UInt32.random(in: 1...0x1_ffff, using: &generator))
        }))
    var draft = InvoiceDraft(
      network: Network.allCases.randomElement(using: &generator) ?? .mainnet,
      amount: Bool.random(using: &generator)
        ? Millisatoshi(
          Int64.random(in: 1...(.max), using: &generator) >> Int64.random(in: 0...55, using: &generator) | 1)
        : nil,
      timestamp: Instant(unixSeconds: Int64.random(in: 0..<1 << 35, using: &generator)),
      paymentHash: generator.bytes(32), paymentSecret: generator.bytes(32),
      subject: Bool.random(using: &generator) ? .description(text) : .descriptionHash(generator.bytes(32)),
      expiry: Bool.random(using: &generator) ? Seconds(Int64.random(in: 0...(.max), using: &generator)) : nil,
      minFinalCLTV: Bool.random(using: &generator) ? Int64.random(in: 0...(.max), using: &generator) : nil)
    draft.namesPayee = Bool.random(using: &generator)
    draft.metadata = Bool.random(using: &generator) ? generator.bytes(Int.random(in: 0...639, using: &generator)) : nil
    draft.features = Features(
      [8, 14, 16, 49, 101, 5_113].filter { _ in Bool.random(using: &generator) })
    draft.fallbacks = [
      Fallback(version: 17, program: generator.bytes(20)), Fallback(version: 18, program: generator.bytes(20)),
      Fallback(version: 0, program: generator.bytes(32)), Fallback(version: 16, program: generator.bytes(2)),
    ].compactMap { Bool.random(using: &generator) ? $0 : nil }
    draft.routeHints = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
      RouteHint(
        (0..<Int.random(in: 1...12, using: &generator)).map { _ in
          RouteHint.Hop(
            node: NodeID(unchecked: [2] + generator.bytes(32)), shortChannelID: generator.next(),
            feeBase: .random(in: 0...(.max), using: &generator),
            feeProportionalMillionths: .random(in: 0...(.max), using: &generator),
            cltvExpiryDelta: .random(in: 0...(.max), using: &generator))
        })
    }
    return draft
  }

  private func draft(_ change: (inout InvoiceDraft) -> Void) -> InvoiceDraft {
    var draft = InvoiceDraft(
      network: .regtest, amount: 1_000, timestamp: Instant(unixSeconds: 1_700_000_000),
      paymentHash: [UInt8](repeating: 1, count: 32), paymentSecret: [UInt8](repeating: 2, count: 32),
      subject: .description("lease"))
    change(&draft)
    return draft
  }

  @Test func refusesToSignWhatNobodyCouldRead() {
    func refused(_ error: BOLT11Error, _ change: (inout InvoiceDraft) -> Void) {
      #expect(throws: error) { try draft(change).sign(with: key) }
    }
    refused(.badAmount) { $0.amount = 0 }
    refused(.badAmount) { $0.amount = -1 }
    refused(.badLength("p")) { $0.paymentHash.removeLast() }
    refused(.badLength("s")) { $0.paymentSecret.append(0) }
    refused(.badLength("h")) { $0.subject = .descriptionHash([]) }
    refused(.fieldTooLong("d")) { $0.subject = .description(String(repeating: "d", count: 640)) }
    refused(.fieldTooLong("m")) { $0.metadata = [UInt8](repeating: 0, count: 640) }
    refused(.timestampOutOfRange) { $0.timestamp = Instant(microseconds: -1) }
    refused(.timestampOutOfRange) { $0.timestamp = Instant(unixSeconds: 1 << 35) }
    refused(.numberTooLarge("x")) { $0.expiry = -1 }
    refused(.numberTooLarge("c")) { $0.minFinalCLTV = -1 }
    refused(.unknownFeature(100)) { $0.features = [8, 14, 100] }
  }

  @Test func theLongestDescriptionFits() throws {
    let text = String(repeating: "d", count: 639)
    #expect(try Invoice.parse(draft { $0.subject = .description(text) }.sign(with: key).text).description == text)
  }

  @Test func anEndlessExpirySaturates() throws {
    let invoice = try draft { $0.expiry = Seconds(.max) }.sign(with: key)
    #expect(invoice.expiresAt == .distantFuture)
  }
}
