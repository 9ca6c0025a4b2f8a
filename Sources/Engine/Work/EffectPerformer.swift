import Leasing
import Ledger
import Units

/// One attempt at an effect, lane by lane (a dispatcher).
struct EffectPerformer: Sendable {
  let resources: ResourcePerformer
  let invoices: InvoicePerformer
  let payouts: Payouts
  let pulls: Pulls
  let channels: [any NoticeChannel]

  func perform(_ claim: ClaimedEffect, _ record: LeaseRecord) async throws -> EffectOutcome {
    switch claim.effect {
    case .resource(let act, let generation):
      return try await resources.perform(act, generation: generation, on: record, triedBefore: claim.attempts)
    case .invoice(let act):
      return try await invoices.perform(act, on: record)
    case .payout(let hash):
      return try await payouts.payOut(hash)
    case .pull:
      return try await pulls.pull(claim, record)
    case .notice(let notice):
      for channel in channels { try await channel.deliver(notice, about: claim.lease, key: claim.key) }
      return .done
    }
  }
}

/// The invoice lane: what is done at the node for a lease.
struct InvoicePerformer: Sendable {
  let cancellations: Cancellations
  let heldPayments: HeldPayments

  func perform(_ act: Effect.InvoiceAct, on record: LeaseRecord) async throws -> EffectOutcome {
    let id = record.lease.id
    switch act {
    case .cancelInvoices:
      // Money came before the invoices were canceled: they serve again.
      guard case .reclaiming = record.lease.state else { return .stale }
      return try await cancellations.cancelInvoices(of: id).map { .later($0, "an invoice cannot be canceled yet") }
        ?? .event(.invoicesCanceled)
    case .cancelQuote:
      guard case .quoted = record.lease.state else { return .stale }
      // A payment that has arrived in time is not sent back because nobody had heard of it yet.
      if try await heldPayments.learn(of: id) { return .stale }
      return try await cancellations.cancelInvoices(of: id).map { .later($0, "the invoice cannot be canceled yet") }
        ?? .event(.quoteCanceled)
    case .settle(let hash):
      return try await heldPayments.settle(hash, of: record)
    }
  }
}
