import Engine
import L402
import Units

/// Every invoice of the embedded node and what became of it: a value that decides, and writes down what it decided.
///
/// Nothing here is durable. Whoever holds the book writes ``takeUnwritten()`` to the journal before telling anybody.
struct EmbeddedBook: Sendable {
  /// Drawn when the journal was first made. A cursor carries it, so that one from another journal is recognised.
  let journalID: UInt64

  /// A payment that is held is sent back by itself after so long: what a CLTV expiry is elsewhere.
  static let heldFor: Seconds = .hour

  private var invoices: [PaymentHash: EmbeddedInvoice] = [:]
  private var hashOfLabel: [String: PaymentHash] = [:]
  /// In the order of settlement; the index of a settlement is its place here, counted from 1.
  private var settled: [PaymentHash] = []
  /// Those of the settled that the node itself paid.
  private var paidOut: Set<PaymentHash> = []
  private var unwritten = RecordWriter()
  private var changed: Set<PaymentHash> = []

  init(journalID: UInt64) {
    self.journalID = journalID
  }

  // MARK: Questions

  subscript(hash: PaymentHash) -> EmbeddedInvoice? { invoices[hash] }

  subscript(label label: String) -> EmbeddedInvoice? { hashOfLabel[label].flatMap { invoices[$0] } }

  var settlementCount: Int { settled.count }

  /// At most `limit` settlements after the cursor, oldest first.
  ///
  /// A cursor that this journal never gave (another node's, or ours from before a backup was restored) starts at the
  /// beginning: hearing of a payment twice is harmless, never hearing of one is not.
  func settlements(after cursor: String?, limit: Int) -> [NodeSettlement] {
    settled.dropFirst(position(of: cursor)).prefix(limit).compactMap { hash in
      invoices[hash].flatMap(settlement(of:))
    }
  }

  /// How many settlements the cursor has seen.
  func position(of cursor: String?) -> Int {
    guard let cursor else { return 0 }
    let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt64(parts[0], radix: 16) == journalID, let index = Int(parts[1]),
      (0...settled.count).contains(index)
    else { return 0 }
    return index
  }

  /// Whether it is a cursor of this journal, from when it held more: its folder was restored.
  func isAhead(_ cursor: String) -> Bool {
    let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, UInt64(parts[0], radix: 16) == journalID, let index = Int(parts[1]) else { return false }
    return index > settled.count
  }

  func state(of invoice: EmbeddedInvoice, at now: Instant) -> InvoiceState {
    switch invoice.outcome {
    case .unpaid: now < invoice.expiresAt ? .open : .expired
    case .accepted(let at, let received):
      now < at + Self.heldFor ? .accepted(HeldPayment(received: received, decideBy: at + Self.heldFor)) : .canceled
    case .canceled: .canceled
    case .settled(let index, let preimage, let received, let at):
      .settled(settlement(of: invoice, index: index, preimage: preimage, received: received, at: at))
    }
  }

  private func settlement(of invoice: EmbeddedInvoice) -> NodeSettlement? {
    switch invoice.outcome {
    case .unpaid, .accepted, .canceled: nil
    case .settled(let index, let preimage, let received, let at):
      settlement(of: invoice, index: index, preimage: preimage, received: received, at: at)
    }
  }

  private func settlement(
    of invoice: EmbeddedInvoice, index: Int, preimage: Preimage, received: Millisatoshi, at: Instant
  ) -> NodeSettlement {
    NodeSettlement(
      paymentHash: invoice.paymentHash, preimage: preimage, received: received, settledAt: at, label: invoice.label,
      cursor: "\(String(journalID, radix: 16))-\(index)")
  }

  // MARK: Decisions

  /// Takes a hold invoice in, unless one stands for its payment hash already: then that one is the answer.
  mutating func createHold(_ candidate: EmbeddedInvoice) throws(NodeError) -> EmbeddedInvoice {
    guard let existing = invoices[candidate.paymentHash] else { return try create(candidate) }
    guard existing.amount == candidate.amount else {
      throw NodeError(
        .labelTaken, attempted: "create hold invoice",
        words: "its payment hash stands for an invoice of \(existing.amount.count) msat")
    }
    return existing
  }

  /// Takes the invoice in, unless one stands under its label already: then that one is the answer.
  mutating func create(_ candidate: EmbeddedInvoice) throws(NodeError) -> EmbeddedInvoice {
    if let existing = self[label: candidate.label] {
      guard existing.amount == candidate.amount else {
        throw NodeError(
          .labelTaken, attempted: "create invoice",
          words: "\(candidate.label) stands for an invoice of \(existing.amount.count) msat")
      }
      // Who brings a hash of its own wants that one.
      guard candidate.preimage != nil || existing.paymentHash == candidate.paymentHash else {
        throw NodeError(
          .labelTaken, attempted: "create hold invoice",
          words: "\(candidate.label) stands for an invoice over another payment hash")
      }
      return existing
    }
    record(.created(candidate))
    return candidate
  }

  mutating func cancel(_ hash: PaymentHash, at now: Instant) throws(NodeError) -> InvoiceState {
    guard let invoice = invoices[hash] else {
      throw NodeError(.unknownInvoice, attempted: "cancel invoice", words: "no invoice of ours has this payment hash")
    }
    switch invoice.outcome {
    case .settled, .canceled: return state(of: invoice, at: now)
    case .unpaid, .accepted:
      // An expired one too: should the clock go back, it would be payable again.
      record(.canceled(hash, at: now))
      return .canceled
    }
  }

  /// Takes a payment that is held, or says that it was taken.
  mutating func settleHold(_ preimage: Preimage, at now: Instant) throws(NodeError) {
    let hash = preimage.paymentHash
    guard let invoice = invoices[hash] else {
      throw NodeError(.unknownInvoice, attempted: "settle invoice", words: "no invoice of ours has this payment hash")
    }
    lapse(invoice, at: now)
    switch invoices[hash]?.outcome {
    case .settled?: return
    case .accepted(_, let received)?:
      record(.settled(hash, preimage: preimage, received: received, at: now))
    case .unpaid?, .canceled?, nil:
      throw NodeError(.invoiceExpired, attempted: "settle invoice", words: "nothing is held for it")
    }
  }

  /// A payment that was held for too long goes back for good, also should the clock go back.
  mutating func lapse(_ hash: PaymentHash, at now: Instant) {
    if let invoice = invoices[hash] { lapse(invoice, at: now) }
  }

  private mutating func lapse(_ invoice: EmbeddedInvoice, at now: Instant) {
    if case .accepted = invoice.outcome, state(of: invoice, at: now) == .canceled {
      record(.canceled(invoice.paymentHash, at: now))
    }
  }

  /// Settles the invoice of exactly this text, or says again how it was settled; `nil`: the payment is held, and its
  /// outcome is somebody else's to decide.
  mutating func pay(_ hash: PaymentHash, bolt11: String, at now: Instant) throws(NodeError) -> Preimage? {
    guard let invoice = invoices[hash], invoice.bolt11 == bolt11 else {
      throw NodeError(.unknownInvoice, attempted: "pay own invoice", words: "it is no invoice of this node")
    }
    lapse(invoice, at: now)
    switch invoices[hash]?.outcome {
    case .settled(_, let preimage, _, _)?: return preimage
    case .accepted?: return nil
    case .canceled?, nil:
      throw NodeError(
        .invoiceExpired, attempted: "pay own invoice", words: "it was canceled; nothing was taken for it")
    case .unpaid?:
      guard now < invoice.expiresAt else {
        throw NodeError(.invoiceExpired, attempted: "pay own invoice", words: "its time has run out")
      }
      guard let preimage = invoice.preimage else {
        record(.accepted(hash, received: invoice.amount, at: now))
        return nil
      }
      record(.settled(hash, preimage: preimage, received: invoice.amount, at: now))
      return preimage
    }
  }

  /// Pays an invoice for the provider. The network ends at this node: it reaches the invoices it made itself, for the
  /// wallets that live on it, and no other.
  mutating func payOut(_ hash: PaymentHash, bolt11: String, at now: Instant) -> PayoutState {
    if let made = payout(hash) { return made }
    guard let invoice = invoices[hash], invoice.bolt11 == bolt11 else {
      return .failed(reason: "there is no route: the embedded node reaches its own wallets only")
    }
    switch invoice.outcome {
    case .settled: return .failed(reason: "somebody else has paid it")
    case .accepted, .canceled: return .failed(reason: "it can be paid no more")
    case .unpaid: break
    }
    guard now < invoice.expiresAt, let preimage = invoice.preimage else {
      return .failed(reason: "it can be paid no more")
    }
    record(.paidOut(hash, preimage: preimage, received: invoice.amount, at: now))
    return .paid(preimage: preimage, fee: .zero)
  }

  /// What the node paid itself; `nil` for everything else.
  func payout(_ hash: PaymentHash) -> PayoutState? {
    guard paidOut.contains(hash), case .settled(_, let preimage, _, _)? = invoices[hash]?.outcome else { return nil }
    return .paid(preimage: preimage, fee: .zero)
  }

  // MARK: The journal

  private mutating func record(_ record: EmbeddedRecord) {
    let applied = apply(record)
    precondition(applied, "a decision follows from the book it was made on")
    record.write(to: &unwritten)
    switch record {
    case .created: break
    case .settled(let hash, _, _, _), .paidOut(let hash, _, _, _), .canceled(let hash, _), .accepted(let hash, _, _):
      changed.insert(hash)
    }
  }

  /// False when the record cannot follow what the book holds.
  mutating func apply(_ record: EmbeddedRecord) -> Bool {
    switch record {
    case .created(let invoice):
      guard invoices[invoice.paymentHash] == nil, hashOfLabel[invoice.label] == nil else { return false }
      invoices[invoice.paymentHash] = invoice
      hashOfLabel[invoice.label] = invoice.paymentHash
    case .settled(let hash, let preimage, let received, let at), .paidOut(let hash, let preimage, let received, let at):
      guard invoices[hash]?.outcome.isUndecided == true, preimage.paymentHash == hash else { return false }
      settled.append(hash)
      invoices[hash]?.outcome = .settled(index: settled.count, preimage: preimage, received: received, at: at)
      if case .paidOut = record { paidOut.insert(hash) }
    case .canceled(let hash, let at):
      guard invoices[hash]?.outcome.isUndecided == true else { return false }
      invoices[hash]?.outcome = .canceled(at: at)
    case .accepted(let hash, let received, let at):
      guard let invoice = invoices[hash], invoice.outcome == .unpaid, invoice.preimage == nil else { return false }
      invoices[hash]?.outcome = .accepted(at: at, received: received)
    }
    return true
  }

  /// The invoices something became of since the last call.
  mutating func takeChanged() -> Set<PaymentHash> {
    defer { changed = [] }
    return changed
  }

  /// What was decided since the last call, as bytes for the journal.
  mutating func takeUnwritten() -> [UInt8] { unwritten.take() }

  /// Drops invoices nobody paid whose time ran out before `moment`. Settled ones are kept for ever: they are the proof.
  mutating func forgetUnpaid(expiredBefore moment: Instant) {
    for invoice in invoices.values where invoice.expiresAt < moment {
      switch invoice.outcome {
      case .settled, .accepted: continue
      case .unpaid, .canceled:
        invoices[invoice.paymentHash] = nil
        hashOfLabel[invoice.label] = nil
      }
    }
  }

  /// The shortest sequence of records that gives this book.
  var records: [EmbeddedRecord] {
    var records: [EmbeddedRecord] = []
    for var invoice in invoices.values {
      let outcome = invoice.outcome
      invoice.outcome = .unpaid
      records.append(.created(invoice))
      switch outcome {
      case .canceled(let at): records.append(.canceled(invoice.paymentHash, at: at))
      case .accepted(let at, let received):
        records.append(.accepted(invoice.paymentHash, received: received, at: at))
      case .unpaid, .settled: break
      }
    }
    for hash in settled {
      guard case .settled(_, let preimage, let received, let at) = invoices[hash]?.outcome else { continue }
      records.append(
        paidOut.contains(hash)
          ? .paidOut(hash, preimage: preimage, received: received, at: at)
          : .settled(hash, preimage: preimage, received: received, at: at))
    }
    return records
  }
}

extension EmbeddedInvoice.Outcome {
  fileprivate var isUndecided: Bool {
    switch self {
    case .unpaid, .accepted: true
    case .settled, .canceled: false
    }
  }
}
