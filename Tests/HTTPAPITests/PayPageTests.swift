import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import QR
import Testing
import Units
import Wire

@testable import Engine
@testable import HTTPAPI

/// What a browser sees where a notice links to.
@Suite struct PayPageTests {
  private static let browser: HTTPFields = [.accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]

  private static func with(_ body: @escaping @Sendable (Door, String, LeaseDocument, String) async throws -> Void)
    async throws
  {
    try await Bench.with { bench in
      let api = bench.api
      let addresses = AddressMiddleware<BasicHTTPAPIContext>(api) { _, _, _ in Response(status: .ok) }
      try await bench.live(api.makeRouter(of: BasicHTTPAPIContext.self, doors: [addresses])) { door in
        let (lease, owner) = try await door.rent(#"{"offer":"box"}"#)
        let path = try await address(of: lease, owner, #"{"capabilities":["pay"]}"#, door)
        try await body(door, path, lease, owner)
      }
    }
  }

  /// With a slash at the end, as messages have it.
  private static func address(
    of lease: LeaseDocument, _ owner: String, _ json: String, _ door: Door
  ) async throws -> String {
    let made = try await door.ask(.post, "/v1/leases/\(lease.id)/addresses", json, authorization: owner)
    return String(try #require(made.document(AddressDocument.self).address).dropFirst("http://127.0.0.1".count))
  }

  private static func open(_ lease: LeaseDocument, _ door: Door) async throws -> [InvoiceRecord] {
    let id = try #require(LeaseID(lease.id))
    return try await door.bench.engine.store.transaction { tx in try tx.openInvoices(of: id) }
  }

  @Test func toLookMintsNothingAndTheButtonDoesOnce() async throws {
    try await Self.with { door, path, lease, _ in
      for method in [HTTPRequest.Method.get, .head] {
        for place in [path, String(path.dropLast()), path + "invoice", path + "?paid=0", path + "?paid=\(zeros)"] {
          let seen = try await door.ask(method, place, headers: Self.browser)
          #expect(seen.status == 200, "\(place): \(seen.text)")
          #expect(seen.headers[.contentType] == "text/html; charset=utf-8")
          #expect(!seen.text.contains("lightning:"))
        }
      }
      #expect(try await Self.open(lease, door).isEmpty)
      let page = try await door.ask(.get, path, headers: Self.browser).text
      #expect(page.contains("action=\"./invoice\"") && page.contains("The paid time ends at"))
      #expect(page.contains(lease.id.suffix(10)) && !page.contains(lease.id))
      let shown = try await door.ask(.post, path + "invoice", headers: Self.browser)
      let invoice = try #require(try await Self.open(lease, door).first)
      let bolt11 = try #require(invoice.bolt11)
      #expect(shown.status == 200 && shown.text.contains("href=\"lightning:\(bolt11)\""))
      #expect(shown.text.contains(try #require(QRCode("LIGHTNING:" + bolt11.uppercased())).svg))
      #expect(try await door.ask(.post, path + "invoice", headers: Self.browser).text.contains(bolt11))
      #expect(try await Self.open(lease, door).count == 1)
      // A program is asked for the same money, as ever.
      let asked = try await door.ask(.get, path)
      #expect(asked.status == 402)
      #expect(try asked.problem.invoice == bolt11)
    }
  }

  @Test func itSaysWhetherItWasPaid() async throws {
    try await Self.with { door, path, lease, _ in
      let shown = try await door.ask(.post, path + "invoice", headers: Self.browser)
      let hash = try #require(try await Self.open(lease, door).first?.paymentHash?.hex)
      #expect(shown.text.contains("href=\"./?paid=\(hash)\""))
      let look = path + "?paid=\(hash)"
      #expect(try await door.ask(.get, look, headers: Self.browser).text.contains("has not been paid yet"))
      let bolt11 = try #require(try await Self.open(lease, door).first?.bolt11)
      #expect(try await door.ask(.post, "/dev/pay", #"{"invoice":"\#(bolt11)"}"#).status == 200)
      let paidHash = try #require(PaymentHash(hex: hash))
      #expect(try await door.bench.engine.money.settlements.bookIfSettled(paidHash))
      let paid = try await door.ask(.get, look, headers: Self.browser).text
      #expect(paid.contains("It was paid.") && !paid.contains("lightning:"))
      // Another lease's invoice is nobody's business here.
      let (other, owner) = try await door.rent(#"{"offer":"box","periods":2}"#)
      let elsewhere = try await Self.address(of: other, owner, #"{"capabilities":["pay"]}"#, door)
      let foreign = try await door.ask(.get, elsewhere + "?paid=\(hash)", headers: Self.browser).text
      #expect(foreign.contains("Show the invoice") && !foreign.contains("It was paid."))
    }
  }

  @Test func anInvoiceThatRanOutIsNotShownAgain() async throws {
    try await Self.with { door, path, lease, _ in
      _ = try await door.ask(.post, path + "invoice", headers: Self.browser)
      let invoice = try #require(try await Self.open(lease, door).first)
      let hash = try #require(invoice.paymentHash)
      door.bench.clock.advance(
        by: Seconds(invoice.expiresAt.microseconds(since: door.bench.clock.now()) / 1_000_000 + 1))
      let late = try await door.ask(.get, path + "?paid=\(hash.hex)", headers: Self.browser).text
      #expect(late.contains("ran out unpaid") && !late.contains("lightning:"))
    }
  }

  @Test func itRunsNothingAndTellsNobody() async throws {
    try await Self.with { door, path, _, _ in
      let page = try await door.ask(.get, path, headers: Self.browser)
      let policy = try #require(page.headers[.contentSecurityPolicy])
      #expect(policy.hasPrefix("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"))
      #expect(policy.contains("form-action 'self'") && policy.contains("frame-ancestors 'none'"))
      #expect(page.headers[.referrerPolicy] == "no-referrer")
      #expect(page.headers[.cacheControl] == "no-store")
      #expect(!page.text.contains("<script") && !page.text.contains(" style=") && !page.text.contains("<img"))
    }
  }

  /// It is the page of what may only be paid at. What opens more is for programs, and so is what does not ask for HTML.
  @Test func othersAreAnsweredAsEver() async throws {
    try await Self.with { door, path, lease, owner in
      for accept in ["*/*", "application/json", "text/html;q=0", "text/html; q=0.0, */*", "text/htmlx"] {
        #expect(try await door.ask(.get, path, headers: [.accept: accept]).status == 402, "\(accept)")
      }
      #expect(try await door.ask(.get, path, headers: [.accept: "text/plain, text/html;q=0.1"]).status == 200)
      #expect(try await door.ask(.post, path, headers: Self.browser).status == 405)
      let more = try await Self.address(of: lease, owner, #"{"capabilities":["read","pay"]}"#, door)
      #expect(try await door.ask(.get, more + "logs", headers: Self.browser).status == 402)
    }
  }

  @Test func whatCannotBePaidSaysWhy() async throws {
    try await Self.with { door, path, lease, owner in
      #expect(
        try await door.ask(
          .post, "/admin/v1/leases/\(lease.id)/freeze", #"{"reason":"<b>abuse</b>"}"#,
          authorization: "Bearer \(Bench.adminToken)"
        ).status == 200)
      let page = try await door.ask(.get, path, headers: Self.browser).text
      #expect(page.contains("Nothing is to be paid for it now") && !page.contains("<form"))
      let refused = try await door.ask(.post, path + "invoice", headers: Self.browser)
      #expect(refused.status == 403 && refused.text.contains("<!doctype html>") && !refused.text.contains("<b>abuse"))
      #expect(try await Self.open(lease, door).isEmpty)
      _ = owner
    }
  }

  @Test func everyValueIsEscaped() {
    let evil = "\"><script>x</script>'&"
    var terms = Bench.catalog.offers[0].terms
    terms.offer = evil
    let lease = Lease.quote(LeaseID(high: 1, low: 2), terms, hasCapacity: true, at: Instant(unixSeconds: 0))
    let invoice = PayPage.Invoice(
      bolt11: evil, hash: PaymentHash(Array(repeating: 0, count: 32))!, amount: 1_000,
      expiresAt: Instant(unixSeconds: 9))
    for bill in [nil, .paid, .over, .open(invoice, isAsked: true)] as [PayPage.Bill?] {
      let text = PayPage(
        title: evil, lease: lease, now: Instant(unixSeconds: 0), here: evil, button: "invoice", bill: bill,
        refusal: evil
      ).text
      #expect(!text.contains("<script") && !text.contains("x</script>'"))
    }
  }

  private static let zeros = String(repeating: "0", count: 64)
  private var zeros: String { Self.zeros }
}
