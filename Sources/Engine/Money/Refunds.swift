import BOLT11
import L402
import Leasing
import Ledger
import Logging
import Units

/// Money back: credit asked for to an invoice of the renter's (a payout request).
///
/// The money is set aside in the transaction that decides, before the node is asked, and comes back only on the node's
/// positive word. Between the two it is pending, whatever happens to us; see ``Payouts``.
struct Refunds: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let loop: LeaseLoop
  let watch: LeaseWatch
  let credentials: Credentials
  let presented: PresentedPayments
  let unbooked: Unbooked
  let settings: Settings
  let log: Logger

  /// Pays an invoice out of the lease's credit. The same invoice again is the same payout, and never pays twice.
  ///
  /// - Returns: the payout once it is decided, or pending when that takes longer than a door waits.
  func pay(_ id: LeaseID, to text: String, _ caller: Caller) async throws -> Refund {
    let shown = try await credentials.require(.refund, of: id, caller)
    _ = try await presented.upToDate(shown, of: id)
    let (invoice, hash, amount) = try payable(text)
    if let bound = shown.maxMsat, amount.count > bound { throw Refusal.permission(.amount) }
    if let known = try await store.transaction({ tx in try tx.payout(hash) }) {
      return try await answer(of: known, asked: id)
    }
    guard settings.payouts.enabled, node is any PayingNode else {
      throw Refusal.conflict(
        code: .payoutsUnavailable, "this provider pays no credit out; it stays with the lease for a year")
    }
    let now = clock.now()
    guard invoice.expiresAt > now + .minute * 10 else {
      throw Refusal.invoiceRefused(code: .invoiceExpired, "the invoice must be payable for more than ten minutes")
    }
    // What becomes of a payment is in the last resort only known when the invoice is over. A minute for clocks that differ.
    guard invoice.expiresAt <= now + .day + .minute else {
      throw Refusal.invoiceRefused(
        code: .invoiceLastsTooLong, "the invoice must expire within a day; make one with an expiry of 86400 seconds"
      )
    }
    // Of ours, not of our node's: others may have their wallets there. A node that cannot be asked now is asked by the
    // payment itself; this is only the better answer.
    if let known = try? await node.lookup(hash), known.isOurs {
      throw Refusal.invoiceRefused(code: .invoiceOurs, "the invoice is this provider's own")
    }
    try await unbooked.credit(of: id, shown)
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

  func list(of id: LeaseID, limit: Int, _ caller: Caller) async throws -> [PayoutRecord] {
    try await credentials.requireMoney(of: id, caller)
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
        code: .invoiceForeignNetwork, "the invoice is for another chain; this provider is on \(settings.network)")
    }
    guard let amount = invoice.amount, amount > .zero, amount <= .supply else {
      throw Refusal.invoiceRefused(code: .invoiceAmountless, "the invoice names no amount")
    }
    return (invoice, hash, amount)
  }

  private func setAside(_ amount: Millisatoshi, for hash: PaymentHash, _ text: String, of id: LeaseID) async throws {
    let bounds = settings.payouts
    let written = try await store.transaction { tx -> RecordedStep? in
      guard let lease = try tx.lockLease(id) else { throw Refusal.unknownLease }
      guard try tx.payout(hash) == nil else { return nil }
      guard try tx.invoice(hash) == nil else {
        throw Refusal.invoiceRefused(code: .invoiceOurs, "the invoice is this provider's own")
      }
      // What is owed is covered first.
      let credit = lease.account.freeCredit
      guard amount <= credit else {
        throw Refusal.invoiceRefused(
          code: .invoiceAboveCredit, "the lease has a credit of \(credit.count) msat beyond what it owes")
      }
      let now = clock.now()
      let payout = PayoutRecord(
        paymentHash: hash, lease: id, bolt11: text, amount: amount,
        maxFee: Payout.feeBudget(for: amount, of: credit), askedAt: now)
      let whole = payout.amount + payout.maxFee
      guard whole <= bounds.maxEach else {
        throw Refusal.invoiceRefused(
          code: .invoiceAboveLimit, "one payout is at most \(bounds.maxEach.count) msat, routing included")
      }
      let level = try tx.payoutLevel(since: now - .day, of: id)
      let refusal = try bounds.refusal(of: whole, at: level) { ofLease in
        try tx.received(since: now - .day, of: ofLease ? id : nil)
      }
      if let refusal { throw refusal }
      let step = try loop.decided(
        .payoutAsked(payout.payout), for: lease, eventID: EventID(.payout, hash.hex),
        cause: .init(type: .payout, id: hash.hex), at: now)
      try tx.insertPayout(payout)
      try tx.write([step])
      return step
    }
    guard let written else { return }
    loop.publish([written.decision.lease])
    log.info("payout asked", metadata: ["lease": "\(id)", "msat": "\(amount.count)"])
  }

  /// Waits a little for the outcome.
  private func answer(of payout: PayoutRecord, asked id: LeaseID) async throws -> Refund {
    guard payout.lease == id else {
      throw Refusal.invoiceRefused(code: .invoiceTaken, "the invoice is paid for another lease")
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
          _ = await Deadlines.shared.wait(.seconds(patience.count))
        }
        await group.next()
        group.cancelAll()
      }
    }
    let (now, lease) = try await store.transaction { tx in (try tx.payout(hash), try tx.lease(id)?.lease) }
    return Refund(payout: now ?? payout, credit: lease?.account.credit ?? .zero)
  }
}

/// A payout, and what is left to pay out.
public struct Refund: Sendable {
  public var payout: PayoutRecord
  public var credit: Millisatoshi
}
