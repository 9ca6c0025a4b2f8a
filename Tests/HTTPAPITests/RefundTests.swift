import Engine
import HTTPTypes
import L402
import Leasing
import Testing
import Units
import Wire

@testable import HTTPAPI

/// Money back, through the door.
@Suite struct RefundTests {
  /// A lease given back: its 10 sat are credit.
  private func credited(_ door: Door) async throws -> (path: String, authorization: String) {
    let (lease, authorization) = try await door.rent()
    let path = "/v1/leases/\(lease.id)"
    #expect(try await door.ask(.delete, path, authorization: authorization).status == 200)
    // The feed ends when the lease is closed.
    #expect(try await door.ask(.get, path + "/events", authorization: authorization).text.contains("event: closed"))
    return (path, authorization)
  }

  private func invoice(_ door: Door, _ msat: Int64) async throws -> String {
    let made = try await door.ask(.post, "/dev/invoice", #"{"amount_msat":\#(msat)}"#)
    return try made.document(WalletInvoiceDocument.self).invoice
  }

  @Test func creditGoesToAnInvoiceOnce() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (path, authorization) = try await credited(door)
        let body = #"{"invoice":"\#(try await invoice(door, 6_000))"}"#
        for _ in 1...2 {
          let answer = try await door.ask(.post, path + "/refund", body, authorization: authorization)
          #expect(answer.status == 200)
          let refund = try answer.document(RefundDocument.self)
          #expect(refund.state == "paid" && refund.amountMsat == 6_000 && refund.feeMsat == 0)
          #expect(refund.creditMsat == 4_000 && refund.reason == nil)
        }
        let list = try await door.ask(.get, path + "/refunds", authorization: authorization)
          .document(ListDocument<RefundDocument>.self)
        #expect(list.items.map(\.state) == ["paid"])
        let explained = try await door.ask(.get, path + "/explain", authorization: authorization)
          .document(ListDocument<ExplainItem>.self)
        #expect(explained.items.suffix(2).map(\.event) == ["payout_asked", "payout_paid"])
        #expect(try await bench.engine.audit().findings == [])
      }
    }
  }

  @Test func whileTheNodeIsAwayItIsPending() async throws {
    try await Bench.with(patience: 0) { bench in
      try await bench.live { door in
        let (path, authorization) = try await credited(door)
        let body = #"{"invoice":"\#(try await invoice(door, 6_000))"}"#
        bench.switched.goAway()
        for _ in 1...2 {
          let answer = try await door.ask(.post, path + "/refund", body, authorization: authorization)
          #expect(answer.status == 202)
          let refund = try answer.document(RefundDocument.self)
          // The rest is what routing may cost.
          #expect(refund.state == "pending" && refund.creditMsat == 0)
        }
        #expect(try await bench.engine.audit().findings == [])
      }
    }
  }

  @Test func eachRefusalSaysWhatIsWrong() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (path, authorization) = try await credited(door)
        func refused(_ invoice: String, _ authorization: String?) async throws -> String {
          let answer = try await door.ask(
            .post, path + "/refund", #"{"invoice":"\#(invoice)"}"#, authorization: authorization)
          let problem = try answer.problem
          return "\(answer.status) \(problem.type.split(separator: ":").last ?? "") \(problem.field ?? "-")"
        }
        let much = try await invoice(door, 10_001)
        #expect(try await refused(much, authorization) == "422 invoice-above-credit invoice")
        #expect(try await refused("lnbcrt1", authorization) == "422 invalid-field invoice")
        #expect(try await refused(much, nil) == "401 credential-required -")
        let other = try await door.rent()
        #expect(try await refused(much, other.authorization) == "403 wrong-lease -")
        for amount in ["0", "-1", "2100000000000000001"] {
          #expect(try await door.ask(.post, "/dev/invoice", #"{"amount_msat":\#(amount)}"#).status == 422)
        }
      }
    }
  }
}
