import BOLT11
import Engine
import HTTPTypes
import L402
import Ledger
import Macaroons
import Testing
import Units
import Wire

@testable import HTTPAPI

/// LNURL-pay: more time for a lease from any wallet, without a credential.
@Suite struct TopUpTests {
  private static func with(
    mintsPerMinute: Int = 1_000, _ body: @escaping @Sendable (Door) async throws -> Void
  ) async throws {
    try await Bench.with(mintsPerMinute: mintsPerMinute) { bench in try await bench.live(body) }
  }

  /// Where the link of a lease leads, as a path.
  private static func link(of lease: LeaseDocument) throws -> String { try #require(lease.links["lnurlp"]) }

  private static func payRequest(_ path: String, _ door: Door) async throws -> PayRequestDocument {
    let answer = try await door.ask(.get, path)
    #expect(answer.status == 200, "\(answer.text)")
    #expect(answer.headers[.accessControlAllowOrigin] == "*")
    return try answer.document(PayRequestDocument.self)
  }

  private static func callback(_ document: PayRequestDocument, _ query: String) -> String {
    String(document.callback.dropFirst("http://127.0.0.1".count)) + "?" + query
  }

  private static func invoice(_ document: PayRequestDocument, _ query: String, _ door: Door) async throws -> String {
    let answer = try await door.ask(.get, callback(document, query))
    let invoice = try answer.document(PayInvoiceDocument.self)
    #expect(invoice.routes == [] && !invoice.disposable)
    return invoice.pr
  }

  private static func reason(_ path: String, _ door: Door) async throws -> String {
    let answer = try await door.ask(.get, path)
    let document = try answer.document(LNURLErrorDocument.self)
    #expect(answer.status == 200 && document.status == "ERROR")
    return document.reason
  }

  private static func pay(_ invoice: String, _ door: Door) async throws {
    #expect(try await door.ask(.post, "/dev/pay", #"{"invoice":"\#(invoice)"}"#).status == 200)
    try await door.bench.engine.money.settlementSweep.run()
  }

  private static func lease(_ id: String, _ credential: String, _ door: Door) async throws -> LeaseDocument {
    try await door.ask(.get, "/v1/leases/\(id)", authorization: credential).document(LeaseDocument.self)
  }

  @Test func whoeverScansItMakesTheLeaseLastLonger() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let document = try await Self.payRequest(Self.link(of: lease), door)
      #expect(document.tag == "payRequest" && document.minSendable == 10_000)
      // A year and a day, less the hour that is paid for; whole satoshis.
      #expect((87_830_000...87_840_000).contains(document.maxSendable) && document.maxSendable % 1_000 == 0)
      let lines = try JSON.decode([[String]].self, from: document.metadata.utf8)
      #expect(lines.map(\.first) == ["text/plain"])
      #expect(!document.metadata.contains(lease.id) && document.metadata.contains(lease.id.suffix(10)))

      let text = try await Self.invoice(document, "amount=25000&comment=for%20you&nonce=1", door)
      let invoice = try Invoice.parse(text)
      #expect(invoice.amount == 25_000)
      #expect(invoice.descriptionHash == Array(document.metadata.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array)
      #expect(invoice.expiry.count <= 600)
      // Asked again it is the same; another amount is another, and both may be paid.
      #expect(try await Self.invoice(document, "amount=25000", door) == text)
      let other = try await Self.invoice(document, "amount=11000", door)
      #expect(other != text)

      let before = try #require(try await Self.lease(lease.id, owner, door).paidUntil)
      try await Self.pay(text, door)
      #expect(try await Self.lease(lease.id, owner, door).paidUntil?.instant == before.instant + 9_000)
      try await Self.pay(other, door)
      let after = try await Self.lease(lease.id, owner, door)
      #expect(after.paidUntil?.instant == before.instant + 12_960)
      #expect(after.creditMsat == 0)
      // Paid once it is paid: the same amount again is a new invoice.
      #expect(try await Self.invoice(document, "amount=25000", door) != text)
      // Nobody was given anything.
      let tokens = try await door.ask(.get, "/v1/leases/\(lease.id)/credentials", authorization: owner)
        .document(ListDocument<CredentialItem>.self).items
      #expect(tokens.allSatisfy { !$0.paymentHash.isEmpty && $0.paymentHash != PaymentHash(invoice.paymentHash)?.hex })
    }
  }

  @Test func aSuspendedLeaseComesBack() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent(#"{"offer":"box"}"#)
      door.bench.clock.advance(by: .hour + 1)
      // The end of an hour is seen by whoever comes next.
      #expect(try await door.ask(.get, "/v1/leases/\(lease.id)/logs", authorization: owner).status == 402)
      let document = try await Self.payRequest(Self.link(of: lease), door)
      try await Self.pay(try await Self.invoice(document, "amount=\(document.minSendable)", door), door)
      #expect(try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: owner).status == 200)
      let id = try #require(LeaseID(lease.id))
      let paid = try await door.bench.engine.store.transaction { try $0.lease(id)?.lease.account.balance }
      #expect(try #require(paid) > .zero)
    }
  }

  @Test func whatIsNoAmountAndNoLeaseIsRefusedInTheWordsOfWallets() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let document = try await Self.payRequest(Self.link(of: lease), door)
      for query in [
        "", "amount=", "amount=x", "amount=0", "amount=-1", "amount=9000", "amount=10001", "amount=9223372036854775807",
        "amount=\(document.maxSendable + 1_000)", "amount=10000&amount=10000",
      ] { #expect(try await !Self.reason(Self.callback(document, query), door).isEmpty, "\(query)") }
      for name in ["x", "0123456789", String(repeating: "0", count: 26), "UPPERCASE0", "%00", "..", "a@b"] {
        let answer = try await door.ask(.get, "/.well-known/lnurlp/\(name)")
        #expect(answer.status == 404 || answer.text.contains(#""status":"ERROR""#), "\(name): \(answer.text)")
      }
      // By its whole id, too.
      #expect(try await Self.payRequest("/.well-known/lnurlp/\(lease.id)", door).minSendable == 10_000)
      let text = try await Self.invoice(document, "amount=10000", door)
      #expect(try await door.ask(.delete, "/v1/leases/\(lease.id)", authorization: owner).status == 200)
      let feed = try await door.ask(.get, "/v1/leases/\(lease.id)/events", authorization: owner)
      #expect(feed.text.contains("event: closed"))
      #expect(try await Self.reason(Self.link(of: lease), door) == "the lease has ended")
      #expect(try await Self.reason(Self.callback(document, "amount=10000"), door) == "the lease has ended")
      #expect(try await door.ask(.post, "/dev/pay", #"{"invoice":"\#(text)"}"#).status != 200, "it was canceled")
      // Nobody pays for a quote this way.
      let quoted = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#).problem
      let quote = try #require(quoted.lease)
      #expect(try await Self.reason("/.well-known/lnurlp/\(quote)", door) == "the lease is not in service yet")
    }
  }

  @Test func whoAsksAndAsksKeepsNobodyElseFromPaying() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let document = try await Self.payRequest(Self.link(of: lease), door)
      for amount in 1...5 { _ = try await Self.invoice(document, "amount=\(10_000 + amount * 1_000)", door) }
      let refusal = try await Self.reason(Self.callback(document, "amount=20000"), door)
      #expect(refusal.contains("too fast"))
      // What is open is told to anybody, and costs nothing.
      _ = try await Self.invoice(document, "amount=11000", door)
      // The holder and other leases are not touched.
      #expect(
        try await door.ask(.post, "/v1/leases/\(lease.id)/renewals", #"{"periods":2}"#, authorization: owner).status
          == 402)
      let (other, _) = try await door.rent()
      _ = try await Self.invoice(try await Self.payRequest(Self.link(of: other), door), "amount=10000", door)
      door.bench.clock.advance(by: 12)
      _ = try await Self.invoice(document, "amount=20000", door)
    }
  }

  @Test func aNodeThatCannotSaysSoInTheDocument() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let document = try await Self.payRequest(Self.link(of: lease), door)
      door.bench.switched.hashNothing()
      #expect(try await Self.reason(Self.callback(document, "amount=10000"), door).contains("no invoices for wallets"))
      #expect(try await Self.reason(Self.link(of: lease), door).contains("no invoices for wallets"))
      #expect(try await door.ask(.post, "/v1/leases/\(lease.id)/renewals", authorization: owner).status == 402)
      // It may have learnt it: asked again after a while.
      door.bench.clock.advance(by: 601)
      _ = try await Self.payRequest(Self.link(of: lease), door)
    }
  }

  @Test func aClientThatCanOnlyGetRents() async throws {
    try await Self.with { door in
      let path = "/v1/offers/disk/lease"
      #expect(try await door.ask(.head, path).status == 405, "who looks buys nothing")
      #expect(try await door.ask(.get, "/v1/offers/nothing/lease").status == 404)
      let asked = try await door.ask(.get, path)
      #expect(asked.status == 402)
      let credential = try await door.pay(asked)
      let bought = try await door.ask(.get, path, authorization: credential)
      #expect(bought.status == 200, "\(bought.text)")
      let lease = try bought.document(LeaseDocument.self)
      #expect(lease.state == "active" && lease.offer == "disk")
      #expect(lease.credential == credential, "for clients that hide it")
      #expect(bought.headers[.cacheControl] == "no-store")
      // The same, however often, and where leases are sold as well.
      for _ in 0..<2 {
        let again = try await door.ask(.get, path, authorization: credential)
        #expect(try again.document(LeaseDocument.self).id == lease.id)
      }
      let sold = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, authorization: credential)
      #expect(try sold.document(LeaseDocument.self).id == lease.id)
      // Of another offer it buys nothing.
      let other = try await door.ask(.get, "/v1/offers/box/lease", authorization: credential)
      #expect(try other.status == 402 && other.problem.lease != lease.id)
      // When it has run out it is still this lease that is shown.
      door.bench.clock.advance(by: .hour * 3)
      #expect(try await door.ask(.get, path, authorization: credential).document(LeaseDocument.self).id == lease.id)
    }
  }
}
