import BOLT11
import L402
import Macaroons
import Synchronization
import Units
import Wallets

@testable import RenterKit

/// A wallet with a ledger of its own, that pays a shop's invoices and goes wrong in the ways nodes do.
final class Till: Wallet {
  struct State {
    var paid: [String: [UInt8]] = [:]
    var pending: Set<String> = []
    var calls: [String] = []
    var lookups = 0
    /// Pays, and does not say so.
    var losesAnswers = false
    /// Neither pays nor says so.
    var losesRequests = false
    /// Takes the payment on and leaves it under way.
    var stalls = false
    /// Is not to be reached.
    var isAway = false
    var fee: Millisatoshi = 3_000
    var maxFees: [Millisatoshi] = []
  }

  let state = Mutex(State())
  private let shop: Shop
  private let trap: Trap
  let name = "till"
  let routes = true

  init(_ bench: Bench) {
    shop = bench.shop
    trap = bench.trap
  }

  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment {
    let hash = Hex.encode(invoice.paymentHash)
    guard let result = trap.pass({ send(invoice, hash, maxFee) }) else { throw .uncertain("gone") }
    return try result.get()
  }

  private func send(_ invoice: Invoice, _ hash: String, _ maxFee: Millisatoshi) -> Result<Payment, WalletError> {
    state.withLock { state in
      state.calls.append(hash)
      state.maxFees.append(maxFee)
      if state.losesRequests { return .failure(.uncertain("the request was lost")) }
      if let preimage = state.paid[hash] { return .success(Payment(preimage: preimage, fee: .zero)) }
      guard let preimage = shop.state.withLock({ $0.sales[hash]?.preimage.bytes.array }) else {
        return .failure(.declined("no route"))
      }
      if state.stalls {
        state.pending.insert(hash)
        return .failure(.uncertain("it takes long"))
      }
      shop.state.withLock {
        shop.settle(hash, &$0)
        $0.payments.append(hash)
      }
      state.paid[hash] = preimage
      if state.losesAnswers { return .failure(.uncertain("the answer was lost")) }
      return .success(Payment(preimage: preimage, fee: state.fee))
    }
  }

  func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome {
    let hash = Hex.encode(invoice.paymentHash)
    if state.withLock({ $0.isAway }) { throw .unreachable("the till is away") }
    let found = trap.pass {
      state.withLock { state -> PaymentOutcome in
        state.lookups += 1
        if let preimage = state.paid[hash] { return .paid(Payment(preimage: preimage, fee: state.fee)) }
        return state.pending.contains(hash) ? .pending : .unpaid
      }
    }
    guard let found else { throw .uncertain("gone") }
    return found
  }
}
