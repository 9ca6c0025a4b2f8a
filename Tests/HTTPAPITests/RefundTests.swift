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
          #expect(refund.state == "paid")
          #expect(refund.amountMsat == 6_000)
          #expect(refund.feeMsat == 0)
          #expect(refund.creditMsat == 4_000)
          #expect(refund.reason == nil)
        }
        let list = try await door.ask(.get, path + "/refunds", authorization: authorization)
          .document(ListDocument<RefundDocument>.self)
        #expect(list.items.map(\.state) == ["paid"])
        let explained = try await door.ask(.get, path + "/explain", authorization: authorization)
          .document(ListDocument<ExplainItem>.self)
        #expect(explained.items.suffix(2).map(\.event) == ["payout_asked", "payout_paid"])
        #expect(try await bench.engine.operator.audit().findings == [])
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
          #expect(refund.state == "pending")
          #expect(refund.creditMsat == 0)
        }
        #expect(try await bench.engine.operator.audit().findings == [])
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

  /// Each lasts as long as a challenge.
  @Test func invoicesOfTheTrialsNodeCostTheBudget() async throws {
    try await Bench.with(mintsPerMinute: 2) { bench in
      try await bench.live { door in
        var answers: [Int] = []
        for _ in 0..<3 {
          answers.append(try await door.ask(.post, "/dev/invoice", #"{"amount_msat":1000}"#).status)
        }
        #expect(answers == [200, 200, 429])
      }
    }
  }

  @Test func creditGoesToAnotherLeaseOnce() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (path, authorization) = try await credited(door)
        let other = try await door.rent()
        let key: HTTPFields = [.idempotencyKey: "k"]
        let body = #"{"to":"\#(other.lease.id)","amount_msat":4000}"#
        for _ in 1...2 {
          let answer = try await door.ask(.post, path + "/credit", body, authorization: authorization, headers: key)
          #expect(answer.status == 200)
          let spent = try answer.document(SpentCreditDocument.self)
          #expect(spent.to == other.lease.id)
          #expect(spent.amountMsat == 4_000)
          #expect(spent.creditMsat == 6_000)
        }
        let now = try await door.ask(.get, "/v1/leases/\(other.lease.id)", authorization: other.authorization)
          .document(LeaseDocument.self)
        #expect(now.balanceMsat == 14_000)
        func refused(_ body: String, _ headers: HTTPFields, _ authorization: String?) async throws -> String {
          let answer = try await door.ask(.post, path + "/credit", body, authorization: authorization, headers: headers)
          let problem = try answer.problem
          return "\(answer.status) \(problem.code) \(problem.field ?? "-")"
        }
        let all = #"{"to":"\#(other.lease.id)"}"#
        #expect(try await refused(all, [:], authorization) == "422 invalid-field Idempotency-Key")
        #expect(try await refused(all, key, authorization) == "409 idempotency-conflict -")
        #expect(try await refused(all, key, nil) == "401 credential-required -")
        #expect(try await refused(all, key, other.authorization) == "403 wrong-lease -")
        #expect(try await refused(#"{"to":"x"}"#, key, authorization) == "422 invalid-field to")
        #expect(
          try await refused(#"{"to":"\#(other.lease.id)","amount_msat":-1}"#, key, authorization).hasPrefix("422"))
        let ledger = try await door.ask(
          .get, "/v1/leases/\(other.lease.id)/ledger", authorization: other.authorization
        ).document(ListDocument<LedgerItem>.self)
        #expect(ledger.items.last?.cause == "move")
        #expect(try await bench.engine.operator.audit().findings == [])
      }
    }
  }

  @Test func theProviderSeesWhatIsPending() async throws {
    try await Bench.with(patience: 0) { bench in
      try await bench.live { door in
        let (path, authorization) = try await credited(door)
        let body = #"{"invoice":"\#(try await invoice(door, 6_000))"}"#
        bench.switched.goAway()
        #expect(try await door.ask(.post, path + "/refund", body, authorization: authorization).status == 202)
        let metrics = try await door.metrics().text
        #expect(metrics.contains("leasehold_pending_payouts 1\n"))
        #expect(metrics.contains("leasehold_stuck_payouts 0\n"))
        #expect(metrics.contains("leasehold_pending_payouts_msat 10000\n"))
        bench.clock.advance(by: .hour * 3)
        let overview = try await door.ask(
          .get, "/admin/v1/overview", authorization: "Bearer \(Bench.adminToken)"
        ).document(OverviewDocument.self)
        #expect(overview.payouts.pending == 1)
        #expect(overview.payouts.setAsideMsat == 10_000)
        #expect(overview.payouts.stuck.map(\.msat) == [6_000])
        #expect(overview.payouts.stuck.first?.orderedOf == nil)
        #expect(try await door.metrics().text.contains("leasehold_stuck_payouts 1\n"))
      }
    }
  }
}
