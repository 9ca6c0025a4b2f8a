import BOLT11
import Engine
import L402
import NodeRPC
import TestNodes
import Testing
import Units

@testable import Lightning

/// What Core Lightning says of payments, and what is made of it.
@Suite struct CLNPaymentTests {
  private func hash(_ invoice: String) throws -> PaymentHash {
    try #require(PaymentHash(try Invoice.parse(invoice).paymentHash))
  }

  /// As seen of a node that is killed at the start of a payment.
  @Test(arguments: [RemoteBench.Kind.cln, .clnREST])
  func whatIsPendingWithoutAnHTLCHasFailedWhenItsInvoiceIsOver(_ kind: RemoteBench.Kind) async throws {
    let bench = try await RemoteBench(kind)
    let node = try #require(try bench.node as? any PayingNode)
    let invoice = try await bench.foreignInvoice(50_000, .slow)
    _ = try await node.pay(invoice, maxFee: 10_000)
    try bench.book.strand(invoice)
    #expect(try await node.payout(hash(invoice)) == .pending)
    // Somebody may still be trying.
    bench.clock.set(to: try Invoice.parse(invoice).expiresAt + .minute * 10)
    #expect(try await node.payout(hash(invoice)) == .pending)
    bench.clock.advance(by: 1)
    guard case .failed = try await node.payout(hash(invoice)) else {
      Issue.record("it is pending for ever")
      return
    }
    withExtendedLifetime(bench) {}
  }

  @Test func whatAnHTLCHoldsIsPendingHoweverLongItTakes() async throws {
    let bench = try await RemoteBench(.cln)
    let node = try #require(try bench.node as? any PayingNode)
    let invoice = try await bench.foreignInvoice(50_000, .slow)
    _ = try await node.pay(invoice, maxFee: 10_000)
    bench.clock.advance(by: .day * 3)
    #expect(try await node.payout(hash(invoice)) == .pending)
    bench.book.finish(try hash(invoice))
    guard case .paid = try await node.payout(hash(invoice)) else {
      Issue.record("what arrived is not said to be paid")
      return
    }
    withExtendedLifetime(bench) {}
  }

  private func foreign() throws -> PayableInvoice {
    let draft = InvoiceDraft(
      network: .regtest, amount: 50_000, timestamp: RealClock().now(),
      paymentHash: Preimage.random().paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
      subject: .description("refund"))
    return try PayableInvoice(try draft.sign(with: .random()).text)
  }

  /// That a question was not sent says nothing about the order before it.
  @Test func onlyWhatFailsBeforeTheOrderWasNotSent() async throws {
    let payable = try foreign()
    let unsent = RPCError(.notSent, attempted: "x", words: "no connection")
    let lost = RPCError(.lost, attempted: "x", words: "cut")
    typealias Look = () async throws(RPCError) -> OutgoingPayment?
    func trying(_ looks: [Result<OutgoingPayment?, RPCError>], _ pay: RPCError) async -> Bool? {
      var looks = looks
      do throws(NodeError) {
        _ = try await payOnce(
          payable, lookup: { () throws(RPCError) in try looks.removeFirst().get() },
          pay: { () throws(RPCError) in throw pay })
        return nil
      } catch {
        return error.nothingWasSent
      }
    }
    let refused = RPCError(.refused(code: 205), attempted: "x", words: "no route")
    #expect(await trying([.failure(unsent)], lost) == true)
    #expect(await trying([.failure(lost)], lost) == true)
    #expect(await trying([.success(nil)], unsent) == true)
    #expect(await trying([.success(nil)], lost) == false)
    #expect(await trying([.success(nil), .failure(unsent)], refused) == false)
    #expect(await trying([.success(nil), .success(nil)], refused) == nil)
  }
}
