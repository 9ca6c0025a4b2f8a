import Engine
import L402
import Units

/// Every invoice of the embedded node and what became of it: a value that decides, and writes down what it decided.
///
/// Nothing here is durable. Whoever holds the book writes ``takeUnwritten()`` to the journal before telling anybody.
struct EmbeddedBook: Sendable {
  /// Drawn when the journal was first made. A cursor carries it, so that one from another journal is recognised.
  let journalID: UInt64

  private var invoices: [PaymentHash: EmbeddedInvoice] = [:]
  private var hashOfLabel: [String: PaymentHash] = [:]
  /// In the order of settlement; the index of a settlement is its place here, counted from 1.
  private var settled: [PaymentHash] = []
  private var unwritten = RecordWriter()

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

  func state(of invoice: EmbeddedInvoice, at now: Instant) -> InvoiceState {
    switch invoice.outcome {
    case .unpaid: now < invoice.expiresAt ? .open : .expired
    case .canceled: .canceled
    case .settled(let index, let preimage, let received, let at):
      .settled(settlement(of: invoice, index: index, preimage: preimage, received: received, at: at))
    }
  }

  private func settlement(of invoice: EmbeddedInvoice) -> NodeSettlement? {
    switch invoice.outcome {
    case .unpaid, .canceled: nil
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

  /// Takes the invoice in, unless one stands under its label already: then that one is the answer.
  mutating func create(_ candidate: EmbeddedInvoice) throws(NodeError) -> EmbeddedInvoice {
    if let standing = self[label: candidate.label] {
      guard standing.amount == candidate.amount else {
        throw NodeError(
          .labelTaken, attempted: "create invoice",
          words: "\(candidate.label) stands for an invoice of \(standing.amount.count) msat")
      }
      return standing
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
    case .unpaid:
      // An expired one too: should the clock go back, it would be payable again.
      record(.canceled(hash, at: now))
      return .canceled
    }
  }

  /// Settles the invoice of exactly this text, or says again how it was settled.
  mutating func pay(_ hash: PaymentHash, bolt11: String, at now: Instant) throws(NodeError) -> Preimage {
    guard let invoice = invoices[hash], invoice.bolt11 == bolt11 else {
      throw NodeError(.unknownInvoice, attempted: "pay own invoice", words: "it is no invoice of this node")
    }
    switch invoice.outcome {
    case .settled(_, let preimage, _, _): return preimage
    case .canceled: throw NodeError(.invoiceExpired, attempted: "pay own invoice", words: "it was canceled")
    case .unpaid:
      guard now < invoice.expiresAt else {
        throw NodeError(.invoiceExpired, attempted: "pay own invoice", words: "its time has run out")
      }
      guard let preimage = invoice.preimage else {
        throw NodeError(.refused, attempted: "pay own invoice", words: "its preimage is held by somebody else")
      }
      record(.settled(hash, preimage: preimage, received: invoice.amount, at: now))
      return preimage
    }
  }

  // MARK: The journal

  private mutating func record(_ record: EmbeddedRecord) {
    let applied = apply(record)
    precondition(applied, "a decision follows from the book it was made on")
    record.write(to: &unwritten)
  }

  /// False when the record cannot follow what the book holds.
  mutating func apply(_ record: EmbeddedRecord) -> Bool {
    switch record {
    case .created(let invoice):
      guard invoices[invoice.paymentHash] == nil, hashOfLabel[invoice.label] == nil else { return false }
      invoices[invoice.paymentHash] = invoice
      hashOfLabel[invoice.label] = invoice.paymentHash
    case .settled(let hash, let preimage, let received, let at):
      guard invoices[hash]?.outcome == .unpaid, preimage.paymentHash == hash else { return false }
      settled.append(hash)
      invoices[hash]?.outcome = .settled(index: settled.count, preimage: preimage, received: received, at: at)
    case .canceled(let hash, let at):
      guard invoices[hash]?.outcome == .unpaid else { return false }
      invoices[hash]?.outcome = .canceled(at: at)
    }
    return true
  }

  /// What was decided since the last call, as bytes for the journal.
  mutating func takeUnwritten() -> [UInt8] { unwritten.take() }

  /// Drops invoices nobody paid whose time ran out before `moment`. Settled ones are kept for ever: they are the proof.
  mutating func forgetUnpaid(expiredBefore moment: Instant) {
    for invoice in invoices.values where invoice.expiresAt < moment {
      switch invoice.outcome {
      case .settled: continue
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
      if case .canceled(let at) = outcome { records.append(.canceled(invoice.paymentHash, at: at)) }
    }
    for hash in settled {
      guard case .settled(_, let preimage, let received, let at) = invoices[hash]?.outcome else { continue }
      records.append(.settled(hash, preimage: preimage, received: received, at: at))
    }
    return records
  }
}
