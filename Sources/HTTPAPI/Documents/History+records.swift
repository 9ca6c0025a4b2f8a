import Engine
import Leasing
import Ledger
import Units
import Wire

extension UsageItem {
  init(_ window: UsageWindow) {
    self.init(
      meter: window.meter.rawValue, windowStart: Timestamp(window.start), windowSeconds: window.seconds,
      quantity: window.quantity, unit: window.meter.unit, chargedMsat: window.charged?.count)
  }
}

extension LedgerItem {
  init(_ record: TransferRecord) {
    self.init(
      id: record.id, at: Timestamp(record.at), debit: record.transfer.debit.description,
      credit: record.transfer.credit.description, msat: record.transfer.amount.count,
      cause: record.transfer.cause.rawValue)
  }
}

extension ExplainItem {
  init(_ event: EventRecord) {
    self.init(
      sequence: event.sequence, at: Timestamp(event.at), version: event.version, from: event.from?.rawValue ?? "",
      to: event.to.rawValue, event: event.name.word,
      cause: CauseDocument(type: event.cause.type.rawValue, id: event.cause.id), evidence: event.evidence,
      summary: event.summary)
  }
}

extension FeedEvent {
  /// - Parameter name: the event's name in the feed.
  init(_ event: EventRecord, named name: EventRecord.FeedName, base: String) {
    let here = "\(base)/v1/leases/\(event.lease)"
    var links = ["lease": here]
    if name == .notice { links["renew"] = here + "/renewals" }
    let deadline = event.evidence["deadline"].flatMap { Instant(rfc3339: $0) }
    self.init(
      lease: event.lease.description, at: Timestamp(event.at), version: event.version, event: name.rawValue,
      state: event.to.rawValue,
      kind: event.evidence["kind"], amountMsat: event.evidence["amount_msat"].flatMap { Int64($0) },
      deadline: deadline.map(Timestamp.init(_:)), daysRemaining: deadline.map { event.at.wholeDays(until: $0) },
      consequence: event.evidence["consequence"], reason: event.evidence["reason"], links: links)
  }
}

extension CredentialItem {
  init(_ token: TokenRecord) {
    self.init(
      token: token.id.hex, parent: token.parent?.hex, paymentHash: token.paymentHash.hex,
      capabilities: token.capabilities, createdAt: Timestamp(token.createdAt),
      revokedAt: token.revokedAt.map(Timestamp.init(_:)))
  }
}
