import BOLT11
import Engine
import L402
import Units

/// A node that is its own network: real BOLT 11 invoices, signed with a key of its own, over real preimages, paid by
/// asking it.
///
/// It lets everything run on one machine with nothing else. Its invoices are for `regtest`, so that no wallet takes
/// them for money. Whoever can call ``payOwn(_:)`` pays for free, which is why the daemon does not serve it on a public
/// address unless forced.
///
/// Its folder holds the key, the journal and a lock; two nodes never share one. What it answered is durable.
public final class EmbeddedNode: HoldingNode, PayingNode, SelfPayingNode {
  public let name = "embedded"

  private let key: NodeKey
  private let book: DurableBook
  private let clock: any WallClock

  /// Opens the node in a folder of its own, made with a new key where it is missing.
  ///
  /// - Throws: `.refused` when another process has it open or others may read the key; `.garbage` when key or journal
  ///   are damaged; `.unavailable` with the system's words for the rest. A record torn by a crash is no damage.
  public init(directory: String, clock: any WallClock) throws(NodeError) {
    let state = try StateDirectory(directory)
    key = try state.nodeKey()
    book = try DurableBook(state, clock: clock)
    self.clock = clock
  }

  /// Lets go of the folder. Calls that come later throw `.unavailable`.
  public func close() { book.close() }

  public func info() async throws(NodeError) -> NodeInfo {
    NodeInfo(network: Network.regtest.rawValue, alias: "leasehold embedded", nodeID: "\(key.nodeID)")
  }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let candidate = try sign(request)
    return try await book.perform { book, now throws(NodeError) in
      Self.answer(try book.create(candidate), in: book, at: now)
    }
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    try await book.perform { book, now throws(NodeError) in
      book.lapse(paymentHash, at: now)
      return book[paymentHash].map { Self.answer($0, in: book, at: now) }
    }
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    try await book.perform { book, now throws(NodeError) in try book.cancel(paymentHash, at: now) }
  }

  /// As `LightningNode` says; a cancelled task gets an empty list.
  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    while true {
      let (found, seen) = try await book.perform { book, _ throws(NodeError) in
        (book.settlements(after: cursor, limit: limit), book.position(of: cursor))
      }
      guard found.isEmpty, await book.waitForSettlement(beyond: seen) else { return found }
    }
  }

  public func compare(_ cursor: String) async throws(NodeError) -> CursorComparison {
    try await book.perform { book, _ throws(NodeError) in book.isAhead(cursor) ? .ahead(goOn: nil) : .known }
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    try await book.perform { book, _ throws(NodeError) in book.settlements(after: nil, limit: limit) }
  }

  /// The payment of a hold invoice waits until it is taken or sent back, an hour at the most.
  public func payOwn(_ bolt11: String) async throws(NodeError) -> Preimage {
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(bolt11)
    } catch {
      throw NodeError(.unknownInvoice, attempted: "pay own invoice", words: "it is no invoice: \(error)")
    }
    guard let hash = PaymentHash(invoice.paymentHash) else { preconditionFailure("a payment hash is 32 bytes") }
    let watcher = book.watch.enter(hash)
    defer { book.watch.leave(watcher) }
    while true {
      let seen = watcher.count
      let preimage = try await book.perform { book, now throws(NodeError) in
        try book.pay(hash, bolt11: invoice.text, at: now)
      }
      if let preimage { return preimage }
      guard await changed(watcher, since: seen, patience: EmbeddedBook.heldFor) else {
        throw NodeError(.unavailable, attempted: "pay own invoice", words: "the payer went away; the payment is held")
      }
    }
  }

  // MARK: Paying

  /// Reaches invoices made by this very node, as those of the wallets that live on it; everything else has no route.
  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let parsed: Invoice
    do {
      parsed = try Invoice.parse(invoice)
    } catch {
      throw NodeError(.cannotPay, attempted: "pay invoice", words: "it is no invoice: \(error)")
    }
    guard let hash = PaymentHash(parsed.paymentHash) else { preconditionFailure("a payment hash is 32 bytes") }
    return try await book.perform { book, now throws(NodeError) in
      book.payOut(hash, bolt11: parsed.text, at: now)
    }
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    try await book.perform { book, _ throws(NodeError) in book.payout(paymentHash) }
  }

  // MARK: Hold invoices

  public func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice {
    let candidate = try sign(request, holding: paymentHash)
    return try await book.perform { book, now throws(NodeError) in
      Self.answer(try book.createHold(candidate), in: book, at: now)
    }
  }

  public func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    let watcher = book.watch.enter(paymentHash)
    defer { book.watch.leave(watcher) }
    while true {
      let seen = watcher.count
      let (state, left) = try await book.perform { book, now throws(NodeError) in
        book.lapse(paymentHash, at: now)
        guard let invoice = book[paymentHash] else {
          throw NodeError(.unknownInvoice, attempted: "wait for a payment", words: "no invoice has this payment hash")
        }
        return (book.state(of: invoice, at: now), invoice.expiresAt.microseconds(since: now) / 1_000_000)
      }
      guard state == .open else { return state }
      guard await changed(watcher, since: seen, patience: Seconds(max(1, left + 1))) else {
        throw NodeError(.unavailable, attempted: "wait for a payment", words: "the waiting was given up")
      }
    }
  }

  public func settleHold(_ preimage: Preimage) async throws(NodeError) {
    try await book.perform { book, now throws(NodeError) in try book.settleHold(preimage, at: now) }
  }

  /// Waits for a change or for so long, and says whether to look again; `false` when the task was cancelled.
  private func changed(_ watcher: InvoiceWatch.Watcher, since seen: Int, patience: Seconds) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask { await watcher.wait(beyond: seen) }
      group.addTask { await Deadlines.shared.wait(.seconds(patience.count)) }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }

  /// - Parameter hash: of a hold invoice, whose preimage is somebody else's.
  private func sign(_ request: InvoiceRequest, holding hash: PaymentHash? = nil) throws(NodeError) -> EmbeddedInvoice {
    let preimage = hash == nil ? Preimage.random() : nil
    guard let paymentHash = hash ?? preimage?.paymentHash else { preconditionFailure("a hash is given or drawn") }
    let draft = InvoiceDraft(
      network: .regtest, amount: request.amount, timestamp: clock.now(), paymentHash: paymentHash.bytes.array,
      paymentSecret: Preimage.random().bytes.array,
      subject: request.isDescriptionHashed
        ? .descriptionHash(request.descriptionHash) : .description(request.description),
      expiry: request.expiry, minFinalCLTV: 18)
    do {
      let invoice = try draft.sign(with: key)
      return EmbeddedInvoice(
        label: request.label, paymentHash: paymentHash, preimage: preimage, bolt11: invoice.text,
        amount: request.amount, expiresAt: invoice.expiresAt)
    } catch {
      throw NodeError(.refused, attempted: "create invoice", words: "\(error)")
    }
  }

  private static func answer(_ invoice: EmbeddedInvoice, in book: EmbeddedBook, at now: Instant) -> NodeInvoice {
    NodeInvoice(
      paymentHash: invoice.paymentHash, bolt11: invoice.bolt11, amount: invoice.amount,
      expiresAt: invoice.expiresAt, state: book.state(of: invoice, at: now), label: invoice.label)
  }
}
