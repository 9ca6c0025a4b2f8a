import L402
import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// Held payments at the node: listened for, and told when they are taken or sent back.
///
/// Whatever is not heard is asked for: at the start, by each sweep, and before a quote is canceled.
struct HeldPayments: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let health: Health
  let keys: KeyEpochs
  let holds: Holds
  let settlements: Settlements
  let bookings: Bookings
  /// How many may be held at once.
  let heldAtOnce: Int
  let retrying: Retrying
  /// Rung when there may be a payment to be held that nobody waits for yet.
  let bell: Bell
  let log: Logger

  /// Waits at the node for every open invoice whose payment is to be held, for as long as the task lives. No more of
  /// them are waited for than may be open at once.
  func follow() async {
    guard let node = node as? any HoldingNode else { return }
    let watched = WatchedHashes()
    await retrying.again("deciding held payments") { try await self.sweep() }
    await withDiscardingTaskGroup { group in
      for await _ in bell.rings() {
        for hash in await open() where watched.insert(hash) {
          group.addTask {
            await self.waitForPayment(of: hash, node)
            watched.remove(hash)
          }
        }
      }
    }
  }

  private func open() async -> [PaymentHash] {
    let found = Mutex<[PaymentHash]>([])
    let limit = heldAtOnce + holds.watched
    await retrying.again("looking for held payments") {
      let open = try await store.transaction { tx in try tx.holds(limit: max(limit, 1)) }
      found.withLock { $0 = open.filter { $0.state != .accepted }.compactMap(\.paymentHash) }
    }
    return found.withLock { $0 }
  }

  private func waitForPayment(of hash: PaymentHash, _ node: any HoldingNode) async {
    var backoff = Backoff(most: 30)
    while !Task.isCancelled {
      backoff.begins(at: .now)
      var wait = 1
      do {
        let state = try await node.waitWhileOpen(hash)
        health.nodeAnswered(at: clock.now())
        if try await settlements.take(state, of: hash) != .open { return }
      } catch {
        if Task.isCancelled { return }
        if let error = error as? NodeError {
          if error.kind == .unknownInvoice { return }
          if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
        }
        wait = backoff.failed(at: .now)
        log.warning(
          "a held payment could not be waited for", metadata: ["error": "\(error)", "retry_seconds": "\(wait)"])
      }
      guard await Deadlines.shared.wait(.seconds(wait)) else { return }
      guard await isUndecided(hash) else { return }
    }
  }

  private func isUndecided(_ hash: PaymentHash) async -> Bool {
    let known = Mutex(true)
    await retrying.again("looking for a held payment") {
      let state = try await store.transaction { tx in try tx.invoice(hash)?.state }
      known.withLock { $0 = state == .open || state == .replaced }
    }
    return known.withLock { $0 }
  }

  /// Asks the node about every payment that is held or may be, those that have arrived first.
  func sweep() async throws {
    let open = try await store.transaction { tx in try tx.holds(limit: 1_000) }
    try await settlements.learnOfEach(open.compactMap(\.paymentHash))
  }

  /// Whether a payment that had arrived for a quote is the lease's now.
  func learn(of id: LeaseID) async throws -> Bool {
    let open = try await store.transaction { tx in try tx.openInvoices(of: id) }
    var arrived = false
    for invoice in open where invoice.holdEpoch != nil {
      if let hash = invoice.paymentHash, try await settlements.learn(of: hash) == .accepted { arrived = true }
    }
    guard arrived, let lease = try await store.transaction({ tx in try tx.lease(id)?.lease }) else { return false }
    if case .quoted = lease.state { return false }
    return true
  }

  // MARK: Taking the money

  /// Tells the node the preimage: the resource is made, and that is committed.
  ///
  /// Done twice it is one payment: the node takes it once, and it is booked once. Whether it was taken or came too late
  /// only the node knows; until it says so this is tried again.
  func settle(_ hex: String, of record: LeaseRecord) async throws -> EffectOutcome {
    guard case .provisioning(_, let hold?) = record.lease.state, hold.isSettling, hold.paymentHash == hex,
      let hash = PaymentHash(hex: hex)
    else { return .stale }
    guard let invoice = try await store.transaction({ tx in try tx.invoice(hash) }), let epoch = invoice.holdEpoch
    else {
      throw StoreError(.invariant, "a held payment has no invoice")
    }
    guard let holding = node as? any HoldingNode else {
      throw NodeError(.unavailable, attempted: "take a held payment", words: "the configured node holds no payments")
    }
    guard let preimage = keys.keyring.holdPreimage(for: invoice.label, epoch: epoch), preimage.paymentHash == hash
    else {
      return try await sendBack(hash, reason: "the master key of its preimage has been retired")
    }
    do throws(NodeError) {
      try await holding.settleHold(preimage)
    } catch {
      switch error.kind {
      case .unknownInvoice, .invoiceExpired: break
      case .unavailable, .labelTaken, .cannotCancel, .cannotPay, .garbage, .refused: throw error
      }
    }
    switch try await settlements.learn(of: hash) {
    case .settled, .gone:
      return .done
    case .unknown:
      try await holds.isGone(hash, .canceled, reason: "the node knows it no longer")
      return .done
    case .open, .accepted:
      throw NodeError(.unavailable, attempted: "take a held payment", words: "the node still holds it")
    }
  }

  private func sendBack(_ hash: PaymentHash, reason: String) async throws -> EffectOutcome {
    if case .settled(let settlement) = try await node.cancel(hash) {
      try await bookings.book(settlement, advancing: false)
    } else {
      try await holds.isGone(hash, .canceled, reason: reason)
    }
    return .done
  }
}

/// The payments that somebody of this daemon waits for.
private final class WatchedHashes: Sendable {
  private let hashes = Mutex<Set<PaymentHash>>([])

  /// Whether it was not there yet.
  func insert(_ hash: PaymentHash) -> Bool { hashes.withLock { $0.insert(hash).inserted } }
  func remove(_ hash: PaymentHash) { hashes.withLock { _ = $0.remove(hash) } }
}
