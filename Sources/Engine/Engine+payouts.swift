import BOLT11
import L402
import Leasing
import Ledger
import Units

/// Money back: credit paid out to an invoice of the renter's.
///
/// The money is set aside in the transaction that decides, before the node is asked, and comes back only on the node's
/// positive word. Between the two it is pending, whatever happens to us: whoever takes over only looks the payment up.
extension Engine {
  /// Pays an invoice out of the lease's credit. The same invoice again is the same payout, and never pays twice.
  ///
  /// - Returns: the payout once it is decided, or pending when that takes longer than a door waits.
  public func refund(_ id: LeaseID, to text: String, _ caller: Caller) async throws -> Refund {
    let shown = try await require(.refund, of: id, caller)
    _ = try await book(shown, of: id)
    let (invoice, hash, amount) = try payable(text)
    if let bound = shown.maxMsat, amount.count > bound { throw Refusal.permission(.amount) }
    if let known = try await store.transaction({ tx in try tx.payout(hash) }) {
      return try await answer(of: known, asked: id)
    }
    guard settings.payouts.enabled, node is any PayingNode else {
      throw Refusal.conflict(
        code: "payouts-unavailable", "this provider pays no credit out; it stays with the lease for a year")
    }
    guard invoice.expiresAt > clock.now() + .minute * 10 else {
      throw Refusal.invoiceRefused(code: "invoice-expired", "the invoice must be payable for more than ten minutes")
    }
    if !(node is any SelfPayingNode), let us = try? await node.info().nodeID, invoice.payee.description == us {
      // A node that cannot be asked now is asked by the payment itself; this is only the better answer.
      throw Refusal.invoiceRefused(code: "invoice-ours", "the invoice is this provider's own")
    }
    do {
      try await setAside(amount, for: hash, invoice.text, of: id)
    } catch let error as StoreError where error.kind == .conflict {
      // The same invoice at the same moment: the other one was first.
    }
    guard let payout = try await store.transaction({ tx in try tx.payout(hash) }) else {
      throw Refusal.unavailable(retryAfter: 1, "somebody else was first; send the request again")
    }
    return try await answer(of: payout, asked: id)
  }

  public func refunds(of id: LeaseID, limit: Int, _ caller: Caller) async throws -> [PayoutRecord] {
    _ = try await require(.ledger, of: id, caller)
    return try await store.transaction { tx in try tx.payouts(of: id, limit: limit) }
  }

  private func payable(_ text: String) throws -> (invoice: Invoice, hash: PaymentHash, amount: Millisatoshi) {
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(text)
    } catch {
      throw Refusal.invalidField("invoice", "is no BOLT 11 invoice")
    }
    guard let hash = PaymentHash(invoice.paymentHash) else {
      throw Refusal.invalidField("invoice", "has a payment hash that is none")
    }
    guard invoice.network.rawValue == settings.network else {
      throw Refusal.invoiceRefused(
        code: "invoice-foreign-network", "the invoice is for another chain; this provider is on \(settings.network)")
    }
    guard let amount = invoice.amount, amount > .zero, amount <= .supply else {
      throw Refusal.invoiceRefused(code: "invoice-amountless", "the invoice names no amount")
    }
    return (invoice, hash, amount)
  }

  private func setAside(_ amount: Millisatoshi, for hash: PaymentHash, _ text: String, of id: LeaseID) async throws {
    let bounds = settings.payouts
    let written = try await store.transaction { [self] tx -> RecordedStep? in
      guard let lease = try tx.lockLease(id) else { throw Refusal.unknownLease }
      guard try tx.payout(hash) == nil else { return nil }
      guard try tx.invoice(hash) == nil else {
        throw Refusal.invoiceRefused(code: "invoice-ours", "the invoice is this provider's own")
      }
      guard amount <= lease.account.credit else {
        throw Refusal.invoiceRefused(
          code: "invoice-above-credit", "the lease has a credit of \(lease.account.credit.count) msat")
      }
      let now = clock.now()
      let payout = PayoutRecord(
        paymentHash: hash, lease: id, bolt11: text, amount: amount,
        maxFee: Payout.feeBudget(for: amount, of: lease.account.credit), askedAt: now)
      let whole = payout.amount + payout.maxFee
      guard whole <= bounds.maxEach else {
        throw Refusal.invoiceRefused(
          code: "invoice-above-limit", "one payout is at most \(bounds.maxEach.count) msat, routing included")
      }
      guard try tx.payoutTotal(since: now - .day) + whole <= bounds.maxPerDay else {
        throw Refusal.conflict(
          code: "payout-limit", "this provider has paid out what it does in a day; the credit stays with the lease")
      }
      let step = try record(
        .payoutAsked(payout.payout), for: lease, eventID: "payout:\(hash.hex)",
        cause: .init(type: "payout", id: hash.hex), at: now)
      try tx.insertPayout(payout)
      try tx.write([step])
      return step
    }
    guard let written else { return }
    publish([written.decision.lease])
    log.info("payout asked", metadata: ["lease": "\(id)", "msat": "\(amount.count)"])
  }

  /// Waits a little for the outcome.
  private func answer(of payout: PayoutRecord, asked id: LeaseID) async throws -> Refund {
    guard payout.lease == id else {
      throw Refusal.invoiceRefused(code: "invoice-taken", "the invoice is paid for another lease")
    }
    let hash = payout.paymentHash
    let (store, watch, patience) = (store, watch, settings.patience)
    if case .pending = payout.state, patience > .zero {
      await withTaskGroup(of: Void.self) { group in
        group.addTask {
          for await _ in watch.changes(of: id) {
            // What cannot be read now is read below, or asked for again.
            let state = try? await store.transaction { tx in try tx.payout(hash)?.state }
            if let state, state != .pending { return }
          }
        }
        group.addTask {
          // Cancelled is as good as over.
          try? await Task.sleep(for: .seconds(patience.count))
        }
        await group.next()
        group.cancelAll()
      }
    }
    let (now, lease) = try await store.transaction { tx in (try tx.payout(hash), try tx.lease(id)?.lease) }
    return Refund(payout: now ?? payout, credit: lease?.account.credit ?? .zero)
  }

  // MARK: Paying

  /// Orders the payment once, and asks the node what became of it ever after.
  ///
  /// The order is written before it is given, by one runner of one daemon; whoever comes later only looks up. So no two
  /// are ever paying, and a runner that slept through its claim finds the invoice expired. That costs patience: an order
  /// that got lost on its way gives the credit back only once the invoice can be paid no more.
  func payOut(_ hex: String) async throws -> Outcome {
    guard let hash = PaymentHash(hex: hex), let payout = try await store.transaction({ tx in try tx.payout(hash) }),
      case .pending = payout.state
    else { return .stale }
    guard let node = node as? any PayingNode else {
      throw NodeError(.cannotPay, attempted: "pay out credit", words: "the configured node pays no invoices")
    }
    let (us, found) = try await asking(node, about: hash, asked: payout.order)
    switch found {
    case .paid: return try outcome(of: payout, found ?? .pending)
    case .pending: return try outcome(of: payout, .pending)
    case .failed, nil: break
    }
    if let order = payout.order { return try outcome(of: payout, verdict(on: payout, order, found)) }
    return try await order(payout, of: node, us, hasFailed: found != nil)
  }

  /// Who pays, and what it says of a payment. Only these show whether the node is there: how long a payment takes
  /// is up to whoever made the invoice.
  private func asking(
    _ node: any PayingNode, about hash: PaymentHash, asked order: PayoutRecord.Order?
  ) async throws -> (us: String, found: PayoutState?) {
    do throws(NodeError) {
      let us = try await node.payerID()
      if let order, order.node != us {
        throw NodeError(
          .refused, attempted: "pay out credit",
          words: "another node or wallet was asked to pay it, and only that one can say what became of it")
      }
      let found = try await node.payout(hash)
      health.nodeAnswered(at: clock.now())
      return (us, found)
    } catch {
      if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
      throw error
    }
  }

  /// What it means that the node knows of no payment that is made or under way.
  private func verdict(on payout: PayoutRecord, _ order: PayoutRecord.Order, _ found: PayoutState?) -> PayoutState {
    // The call that pays may still be running, and trying one way after another: between two of them the node says
    // "failed" as well, and before the first it says nothing.
    guard clock.now() > order.at + Self.orderLasts else { return .pending }
    if case .failed? = found { return found ?? .pending }
    guard isOver(payout, by: Self.orderLasts) else { return .pending }
    return .failed(reason: "the invoice can be paid no more, and the node knows of no payment")
  }

  private func order(
    _ payout: PayoutRecord, of node: any PayingNode, _ us: String, hasFailed: Bool
  ) async throws -> Outcome {
    let hash = payout.paymentHash
    let order = PayoutRecord.Order(at: clock.now(), node: us)
    guard try await store.transaction({ tx in try tx.orderPayout(hash, order) }) else {
      return .later(clock.now() + 1, "another runner orders it")
    }
    // Nobody else will ever order it, so that what is not ordered here is not paid.
    guard !isOver(payout, by: .zero) else {
      return try outcome(of: payout, .failed(reason: "the invoice expired before it could be paid"))
    }
    // An order given late would still run when lookups are believed.
    guard clock.now() < order.at + .minute else {
      return try outcome(of: payout, .failed(reason: "the node could not be asked in time; make another invoice"))
    }
    // Somebody else has had this node try it. Its "failed" would be taken for ours while ours is still on its way.
    guard !hasFailed else {
      return try outcome(of: payout, .failed(reason: "the node was asked to pay this invoice before; make another"))
    }
    do throws(NodeError) {
      return try outcome(of: payout, try await node.pay(payout.bolt11, maxFee: payout.maxFee))
    } catch {
      guard error.kind == .cannotPay else { throw error }
      return try outcome(of: payout, .failed(reason: error.words))
    }
  }

  private func outcome(of payout: PayoutRecord, _ state: PayoutState) throws(NodeError) -> Outcome {
    switch state {
    case .pending:
      // Somebody's wallet may hold it for days.
      let age = clock.now().microseconds(since: payout.askedAt) / 1_000_000
      return .later(clock.now() + Seconds(min(60, 5 + max(0, age) / 10)), "the node is paying it, or has not said")
    case .paid(let preimage, _):
      guard preimage.paymentHash == payout.paymentHash else {
        throw NodeError(.garbage, attempted: "pay out credit", words: "its proof of payment is for another invoice")
      }
      return .payout(payout, state)
    case .failed:
      return .payout(payout, state)
    }
  }

  /// Longer than any node's call to pay, and than clocks differ.
  private static let orderLasts: Seconds = .minute * 10

  private func isOver(_ payout: PayoutRecord, by margin: Seconds) -> Bool {
    // It was parsed before it was written.
    guard let invoice = try? Invoice.parse(payout.bolt11) else { return false }
    return clock.now() > invoice.expiresAt + margin
  }
}

/// A payout, and what is left to pay out.
public struct Refund: Sendable {
  public var payout: PayoutRecord
  public var credit: Millisatoshi
}

extension PayoutRecord {
  /// What the lease is told; `nil` while it is pending.
  func event(of state: PayoutState) -> Event? {
    switch state {
    case .pending: nil
    case .paid(_, let fee): .payoutPaid(payout, fee: fee)
    case .failed(let reason): .payoutFailed(payout, reason: reason)
    }
  }
}
