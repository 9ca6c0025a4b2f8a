import L402
import Leasing
import Ledger
import Units

/// Money arriving. The node's word is the only evidence, and each word is booked once.
extension Engine {
  /// Follows the node from the stored cursor for as long as the task lives. A settlement that cannot be booked goes to
  /// the unbooked and never stops the ones behind it.
  public func followSettlements() async throws {
    var wait = 1
    while !Task.isCancelled {
      do {
        try await bookNextSettlements()
        wait = 1
      } catch is CancellationError {
        return
      } catch {
        if Task.isCancelled { return }
        log.warning("settlements could not be followed", metadata: ["error": "\(error)", "retry_seconds": "\(wait)"])
        try await Task.sleep(for: .seconds(wait))
        wait = min(30, wait * 2)
      }
    }
  }

  /// Waits for settlements after the stored cursor and books them.
  func bookNextSettlements() async throws {
    let name = node.name
    do {
      let cursor = try await store.transaction { tx in try tx.cursor(of: name) }
      health.followerWaits(since: clock.now())
      let settlements = try await node.settlements(after: cursor, limit: 100)
      health.followerHeard()
      health.nodeAnswered(at: clock.now())
      for settlement in settlements { try await book(settlement, advancing: true) }
      health.followerBooked()
    } catch {
      if !Task.isCancelled {
        let now = clock.now()
        if error is NodeError { health.nodeFailed(at: now) }
        health.followerFailed(at: now)
      }
      throw error
    }
  }

  /// Asks the node about one invoice and books it if it settled: paid is paid, whether or not we were told.
  ///
  /// - Returns: whether it is settled.
  func bookIfSettled(_ hash: PaymentHash) async throws -> Bool {
    try await learn(of: hash) == .settled
  }

  /// What the node said about an invoice, once it has been taken in.
  enum Learned { case unknown, open, accepted, settled, gone }

  /// Asks the node about one invoice and takes in what it says.
  @discardableResult
  func learn(of hash: PaymentHash) async throws -> Learned {
    let found: NodeInvoice?
    do throws(NodeError) {
      found = try await node.lookup(hash)
    } catch {
      throw nodeTrouble(error)
    }
    health.nodeAnswered(at: clock.now())
    guard let found else { return .unknown }
    return try await take(found.state, of: hash)
  }

  /// Asks the node about each of them and takes in what it says.
  ///
  /// One that cannot be looked up or taken in is said, counted and gone past: the others are somebody's money too. A node
  /// or a database that is away ends it, since it would be away for each of them.
  func learnOfEach(_ hashes: [PaymentHash]) async throws {
    for hash in hashes {
      do {
        let found = try await node.lookup(hash)
        health.nodeAnswered(at: clock.now())
        if let found { _ = try await take(found.state, of: hash) }
      } catch {
        try Task.checkCancellation()
        try goPast(error)
        health.lookupFailed()
        log.error(
          "an invoice could not be looked up",
          metadata: ["payment_hash": "\(hash.hex)", "node": "\(node.name)", "error": "\(error)"])
      }
    }
  }

  /// - Throws: the error, when what failed for one will fail for all.
  private func goPast(_ error: any Error) throws {
    if error is CancellationError { throw error }
    if let error = error as? NodeError, error.kind == .unavailable {
      health.nodeFailed(at: clock.now())
      throw error
    }
    if let error = error as? StoreError, error.kind == .unavailable || error.kind == .outcomeUnknown { throw error }
  }

  /// Asks the node whether it is there, and remembers what that means for the leases.
  @discardableResult
  public func askNode() async -> Bool {
    do throws(NodeError) {
      _ = try await node.info()
      health.nodeAnswered(at: clock.now())
      return true
    } catch {
      if !Task.isCancelled { health.nodeFailed(at: clock.now()) }
      return false
    }
  }

  /// Looks whether a node in trouble is back. Settlements are waited for in silence while there are none, so that nothing
  /// else might say so for a long time.
  public func askNodeInTrouble() async {
    let health = health.snapshot
    guard !health.nodeIsUp || health.followerFailingSince != nil else { return }
    await askNode()
  }

  func take(_ state: InvoiceState, of hash: PaymentHash) async throws -> Learned {
    switch state {
    case .open:
      return .open
    case .accepted(let held):
      try await accept(held, of: hash)
      return .accepted
    case .settled(let settlement):
      try await book(settlement, advancing: false)
      return .settled
    case .canceled:
      try await holdIsGone(hash, .canceled, reason: "the node has sent the payment back")
      return .gone
    case .expired:
      try await holdIsGone(hash, .expired, reason: "the node's time for it is over")
      return .gone
    }
  }

  /// Books a settlement and, in the same transaction, moves the node's cursor past it.
  func book(_ settlement: NodeSettlement, advancing: Bool) async throws {
    let name = node.name
    do {
      let booked = try await store.transaction { [self] tx -> RecordedStep? in
        if advancing { try tx.setCursor(settlement.cursor, of: name, at: clock.now()) }
        guard let invoice = try tx.invoice(settlement.paymentHash) else {
          try keepIfOurs(settlement, tx)
          return nil
        }
        return try book(settlement, invoice, tx)
      }
      if let booked {
        publish([booked.decision.lease])
        log.info(
          "payment booked",
          metadata: [
            "lease": "\(booked.before.id)", "msat": "\(settlement.received.count)",
            "state": "\(booked.decision.lease.state.name)",
          ])
      }
    } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
      throw error
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      log.error("a settlement could not be booked", metadata: ["error": "\(error)"])
      try await store.transaction { [self] tx in
        let now = clock.now()
        if advancing { try tx.setCursor(settlement.cursor, of: name, at: now) }
        let invoice = try tx.invoice(settlement.paymentHash)
        try tx.insertUnbooked(settlement, lease: invoice?.lease, reason: "\(error)", at: now)
      }
    }
  }

  /// A settlement without an invoice of ours is passed over, unless its label names a lease of ours: then it is money
  /// of somebody's that we cannot place, kept and shown.
  private func keepIfOurs(_ settlement: NodeSettlement, _ tx: any StoreTransaction) throws {
    let words = settlement.label.split(separator: "/")
    guard words.count >= 3, words[0] == "leasehold", let id = LeaseID(words[1]), try tx.lease(id) != nil else { return }
    try tx.insertUnbooked(settlement, lease: id, reason: "its invoice is not in the books", at: clock.now())
  }

  private func book(
    _ settlement: NodeSettlement, _ invoice: InvoiceRecord, _ tx: any StoreTransaction
  ) throws -> RecordedStep? {
    guard let lease = try tx.lockLease(invoice.lease) else {
      throw StoreError(.invariant, "an invoice has no lease")
    }
    let now = clock.now()
    guard try tx.insertPayment(settlement, lease: lease.id, at: now) else { return nil }
    guard settlement.received >= invoice.amount else {
      throw StoreError(.invariant, "the node says it settled for less than it asked")
    }
    var purpose = invoice.purpose
    var capacityFound = true
    switch (lease.state, invoice.purpose) {
    case (.quoted(let held, _, _), .purchase):
      if held {
        try tx.confirmAllocation(lease.id)
      } else {
        let placed = try tx.allocate(
          lease.terms.resources, for: lease.id, kind: lease.terms.kind, asUnpaidHold: nil,
          pinned: try hostOfDisk(of: lease.id, tx))
        capacityFound = placed != nil
      }
    case (.active, .change(let terms)), (.grace, .change(let terms)), (.suspended, .change(let terms)),
      (.reclaiming(.retention, _, _, destroying: false), .change(let terms)):
      // If there is no room for it any more the money is credit.
      if try !tx.reallocate(lease.id, to: terms.resources) { purpose = .purchase }
    default:
      break
    }
    // Of the lease as it is now: it may have been changed since the invoice was made.
    let renewed = lease.terms.renewed(at: invoice.frozen)
    let step = try record(
      .settled(
        Settlement(
          paymentHash: settlement.paymentHash.hex, amount: invoice.amount,
          excess: settlement.received - invoice.amount, purpose: purpose, capacityFound: capacityFound,
          terms: lease.terms.fiat == nil ? nil : renewed, isForTheseTerms: renewed != nil)),
      for: lease, eventID: "settled:\(settlement.paymentHash.hex)",
      cause: .init(type: "payment", id: settlement.paymentHash.hex), evidence: invoice.frozen?.evidence ?? [:], at: now)
    try tx.write([step])
    return step
  }

  /// An attached disk is on the host of its container.
  func hostOfDisk(of id: LeaseID, _ tx: any StoreTransaction) throws -> String? {
    guard let disk = try tx.lease(id)?.request.disk else { return nil }
    return try tx.lease(disk)?.placement?.host
  }

  /// Tries the unbooked again, and asks the node about invoices that should have been heard of: pushes can be lost.
  public func sweepSettlements() async throws {
    defer { holdsBell.ring() }
    let unbooked = try await store.transaction { tx in try tx.unbooked(limit: 100) }
    for item in unbooked {
      let hash = item.settlement.paymentHash
      do {
        let booked = try await store.transaction { [self] tx -> RecordedStep? in
          guard let invoice = try tx.invoice(hash) else { return nil }
          let step = try book(item.settlement, invoice, tx)
          try tx.deleteUnbooked(hash)
          return step
        }
        if let booked { publish([booked.decision.lease]) }
      } catch {
        try Task.checkCancellation()
        try goPast(error)
        log.error("a settlement is still unbooked", metadata: ["error": "\(error)", "reason": "\(item.reason)"])
      }
    }
    let open = try await store.transaction { tx in try tx.allOpenInvoices(limit: 500) }
    // Also where nothing is open: a node that went away in silence is to be noticed.
    if open.isEmpty { await askNode() }
    try await learnOfEach(open.compactMap(\.paymentHash))
  }
}
