import Leasing
import Ledger
import Logging
import Units

/// The invoices that go with messages, for contacts that want them in there: the lease's open renewal, as whoever asks by
/// the message's link would be shown it.
///
/// One is minted only by an attempt to send it, and not for a contact where nothing arrived the last time: that is sent
/// what is open, if something is. A message never waits for the node, and never stays away for it: it goes without.
struct NoticeInvoices: Sendable {
  /// The node is given so long.
  static let patience: Seconds = 10
  /// What has less to live is not sent any more: nobody could read it in time.
  static let worthSending: Seconds = 30

  let store: any Store
  let clock: any WallClock
  let renewals: Renewals
  let log: Logger

  /// `nil`: none can be had now.
  func invoice(for claim: ClaimedDelivery) async -> MessageInvoice? {
    do {
      let mayMint = claim.attempts == 0 && claim.contact.failingSince == nil
      let found = try await mayMint ? minted(claim) : open(claim.contact.lease)
      guard let found, found.expiresAt >= clock.now() + Self.worthSending else { return nil }
      return found
    } catch {
      log.info(
        "a notice goes without an invoice", metadata: ["lease": "\(claim.contact.lease)", "error": "\(error)"])
      return nil
    }
  }

  private func minted(_ claim: ClaimedDelivery) async throws -> MessageInvoice? {
    let id = claim.contact.lease
    var caller = Caller(
      authorization: [], method: "POST", address: nil, addressText: "notice", requestID: "notice \(claim.id)")
    // Its holder has asked for it.
    caller.isWallet = true
    let asking = caller
    return try await Deadlines.shared.within(.seconds(Self.patience.count)) {
      guard let snapshot = try await store.snapshot(.renewal(of: id, periods: 1, shown: nil)) else { return nil }
      let demand = try await renewals.demand(snapshot, periods: 1, shown: nil, asking)
      return MessageInvoice(
        bolt11: demand.challenge.invoice, amount: demand.amount, expiresAt: demand.expiresAt)
    } ?? nil
  }

  private func open(_ id: LeaseID) async throws -> MessageInvoice? {
    guard let snapshot = try await store.snapshot(.renewal(of: id, periods: 1, shown: nil)),
      snapshot.record.lease.mayBeInvoiced, let invoice = snapshot.open, let bolt11 = invoice.bolt11
    else { return nil }
    return MessageInvoice(bolt11: bolt11, amount: invoice.amount, expiresAt: invoice.expiresAt)
  }
}
