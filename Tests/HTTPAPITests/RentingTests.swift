import Engine
import HTTPTypes
import L402
import Ledger
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct RentingTests {
  @Test func aQuoteIsOneChallengeAsClientsReadIt() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let answer = try await door.ask(.post, "/v1/leases", #"{"offer":"disk","periods":2}"#)
        #expect(answer.status == 402)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[.contentTypeOptions] == "nosniff")
        let lines = answer.headers[values: .wwwAuthenticate]
        #expect(lines.count == 1)
        let problem = try answer.problem
        let macaroon = try #require(problem.macaroon)
        let invoice = try #require(problem.invoice)
        #expect(
          lines.first
            == "L402 macaroon=\"\(macaroon)\", invoice=\"\(invoice)\", version=\"0\", token=\"\(macaroon)\"")
        #expect(problem.type == "urn:leasehold:problem:payment-required")
        #expect(problem.status == 402)
        #expect(problem.amountMsat == 20_000)
        #expect(problem.priceSats == 20)
        #expect(problem.amountSats == 20)
        #expect(problem.state == "quoted")
        #expect(problem.held == true)
        #expect(problem.purpose == "purchase")
        #expect(problem.lease.flatMap { LeaseID($0) } != nil)
        #expect(problem.paymentHash?.count == 64)
        #expect(problem.expiresAt != nil)
        #expect(problem.links?["payment"] == "/v1/payments/\(problem.paymentHash ?? "")")
      }
    }
  }

  @Test func lsatOnlyForWhoAsks() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let asked = try await door.ask(
          .post, "/v1/leases", #"{"offer":"disk"}"#, headers: [.acceptAuthenticate: "Basic, LSAT"])
        let lines = asked.headers[values: .wwwAuthenticate]
        #expect(lines.count == 2 && lines[0].hasPrefix("L402 ") && lines[1].hasPrefix("LSAT "))
      }
    }
  }

  @Test func whoPaysHasTheLease() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let body = #"{"offer":"disk"}"#
        let authorization = try await door.pay(try await door.ask(.post, "/v1/leases", body))
        let bought = try await door.ask(.post, "/v1/leases", body, authorization: authorization)
        #expect(bought.status == 201)
        let lease = try bought.document(LeaseDocument.self)
        #expect(bought.headers[.location] == "/v1/leases/\(lease.id)")
        #expect(lease.state == "active")
        #expect(lease.kind == "disk")
        #expect(lease.balanceMsat == 10_000)
        #expect(lease.rate == RateDocument(priceMsat: 10_000, periodSeconds: 3_600))
        #expect(lease.paidUntil?.instant == bench.clock.now() + 3_600)
        #expect(lease.next.map(\.action) == ["renew_by", "suspend", "reclaim"])
        #expect(lease.links["dav"] == "/dav/\(lease.id)/")
        #expect(lease.links["exec"] == nil)

        // The same again, spelt otherwise: still the lease.
        let again = try await door.ask(
          .post, "/v1/leases", #"{ "periods":1, "offer":"disk" }"#, authorization: authorization)
        #expect(again.status == 201)
        #expect(try again.document(LeaseDocument.self).id == lease.id)
        // Another request earns another quote.
        let other = try await door.ask(
          .post, "/v1/leases", #"{"offer":"disk","periods":2}"#, authorization: authorization)
        #expect(other.status == 402)
        #expect(try other.problem.lease != lease.id)

        let seen = try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: authorization)
        #expect(seen.status == 200)
        // The credential is repeated once, to whoever has just paid.
        #expect(lease.credential == authorization)
        var sold = lease
        sold.credential = nil
        #expect(try seen.document(LeaseDocument.self) == sold)
      }
    }
  }

  @Test func renewingExtendsExactly() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let path = "/v1/leases/\(lease.id)/renewals"
        let quote = try await door.ask(.post, path, authorization: authorization)
        #expect(quote.status == 402)
        let paid = try await door.pay(quote)
        let renewed = try await door.ask(.post, path, authorization: paid)
        #expect(renewed.status == 200)
        #expect(try renewed.document(LeaseDocument.self).paidUntil?.instant == bench.clock.now() + 7_200)
        // A payment is presented once; asked again at once, it is answered as it was.
        #expect(try await door.ask(.post, path, authorization: paid).status == 200)
        #expect(try await door.ask(.post, path, #"{"periods":2}"#, authorization: paid).status == 402)
        // A stranger may pay, and can do nothing else with what he gets.
        let gift = try await door.pay(try await door.ask(.post, path, #"{"periods":1}"#))
        #expect(try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: gift).status == 403)
        #expect(try await door.ask(.post, path, #"{"periods":1}"#, authorization: gift).status == 200)
      }
    }
  }

  @Test func keysMakeRequestsOne() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let key: HTTPFields = [.idempotencyKey: "a-key-of-twenty-two-characters"]
        let first = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, headers: key)
        let second = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, headers: key)
        #expect(try first.problem.invoice == second.problem.invoice)
        let other = try await door.ask(.post, "/v1/leases", #"{"offer":"box"}"#, headers: key)
        #expect(other.status == 409)
        #expect(try other.problem.code == "idempotency-conflict")
        let short = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, headers: [.idempotencyKey: "short"])
        #expect(short.status == 422)
      }
    }
  }

  @Test func theClaimHandsOutThePreimageOncePaid() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let quote = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#)
        let problem = try quote.problem
        let path = "/v1/payments/\(problem.paymentHash ?? "")"
        let claim = "L402 \(problem.macaroon ?? ""):"
        let open = try await door.ask(.get, path, authorization: claim).document(PaymentDocument.self)
        #expect(open.state == "open")
        #expect(open.preimage == nil)
        let paid = try await door.pay(quote)
        let settled = try await door.ask(.get, path, authorization: claim).document(PaymentDocument.self)
        #expect(settled.state == "settled")
        #expect(paid.hasSuffix(settled.preimage ?? "?"))
        #expect(try await door.ask(.get, path).status == 401)
        #expect(try await door.ask(.get, "/v1/payments/00", authorization: claim).status == 404)
      }
    }
  }

  @Test func historyAddsUp() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let ledger = try await door.ask(.get, here + "/ledger?limit=1", authorization: authorization)
          .document(ListDocument<LedgerItem>.self)
        #expect(ledger.items.map(\.msat) == [10_000])
        #expect(ledger.items.first?.cause == "payment")
        let first = try await door.ask(.get, here + "/explain?limit=1", authorization: authorization)
          .document(ListDocument<ExplainItem>.self)
        #expect(first.items.map(\.event) == ["quoted"])
        let rest = try await door.ask(
          .get, here + "/explain?cursor=\(try #require(first.nextCursor))", authorization: authorization
        ).document(ListDocument<ExplainItem>.self)
        #expect(rest.items.map(\.to) == ["provisioning", "active"])
        #expect(rest.nextCursor == nil)
        #expect(try await door.ask(.get, here + "/usage", authorization: authorization).status == 200)
        for query in ["limit=0", "limit=1001", "limit=x", "cursor=x", "limit=1&limit=2"] {
          #expect(try await door.ask(.get, here + "/ledger?" + query, authorization: authorization).status == 422)
        }
      }
    }
  }

  @Test func releasingLeavesCreditThatStays() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        #expect(try await door.ask(.delete, here, authorization: authorization).status == 200)
        let refund = try await door.ask(.post, here + "/refund", #"{"invoice":"lnbc1"}"#, authorization: authorization)
        #expect(refund.status == 422)
        #expect(try refund.problem.field == "invoice")
      }
    }
  }
}
