import L402
import Leasing
import Ledger
import Units

/// Reserves what purchases need before their invoices are minted: the lease, its capacity, its key and the right to mint,
/// in one transaction that those who ask at the same time share.
final class Quotes: Sendable {
  /// A purchase that has its price.
  struct Order: Sendable {
    var id: LeaseID
    var request: LeaseRequest
    var offer: String
    var terms: Terms
    var amount: Millisatoshi
    /// Who shares limits, and which of his requests it is.
    var client: String
    var requestID: String
    var bodyHash: String
    var key: IdempotencyKey?
    /// The host of the disk that it attaches, and how.
    var attaching: (host: String, attach: @Sendable (LeaseID, Instant) -> AttachmentRecord)?
  }

  enum Reserved: Sendable {
    /// A new quote, and its invoice to be minted under a reservation.
    case fresh(LeaseRecord, InvoiceOrder, reservation: Int64)
    /// The one that was quoted under the same key.
    case earlier(LeaseRecord)
  }

  private let store: any Store
  private let together: Gathering<Order, Reserved>

  /// - Parameter holdEpoch: whose key makes the preimages of payments that are held; `nil`: none ever is.
  init(
    store: any Store, clock: any WallClock, loop: LeaseLoop, settings: Settings,
    holdEpoch: @escaping @Sendable () -> UInt16?
  ) {
    self.store = store
    let writer = Writer(store: store, clock: clock, loop: loop, settings: settings, holdEpoch: holdEpoch)
    together = Gathering { try await writer.write($0) }
  }

  func reserve(_ order: Order) async throws -> Reserved { try await together.join(order) }

  /// Takes back a quote that has no invoice. In a task of its own, since this one may have been cancelled; where even that
  /// fails, the quote lapses.
  ///
  /// - Returns: what went wrong.
  func forget(_ id: LeaseID) async -> (any Error)? {
    let store = store
    return await Task { () -> (any Error)? in
      do {
        try await store.transaction { tx in try tx.forgetQuote(id) }
        return nil
      } catch {
        return error
      }
    }.value
  }
}

extension Quotes {
  fileprivate struct Writer: Sendable {
    let store: any Store
    let clock: any WallClock
    let loop: LeaseLoop
    let settings: Settings
    let holdEpoch: @Sendable () -> UInt16?

    /// Who was overtaken tries again with what is left, at last with the capacity locked.
    func write(_ orders: [Order]) async throws -> [Result<Reserved, any Error>] {
      let attempts = 4
      var attempt = 1
      while true {
        let alone = attempt == attempts
        do {
          let (results, leases) = try await store.transaction { tx -> ([Result<Reserved, any Error>], [Lease]) in
            var batch = Batch(tx: tx, settings: settings, holdEpoch: holdEpoch(), at: clock.now())
            return (try batch.reserve(orders, alone: alone), batch.drafts.map(\.lease))
          }
          loop.announce(leases)
          return results
        } catch let error as StoreError where error.kind == .conflict && !alone {
          attempt += 1
        }
      }
    }
  }

  /// Those of one transaction.
  fileprivate struct Batch {
    let tx: any StoreTransaction
    let settings: Settings
    let holdEpoch: UInt16?
    let now: Instant
    var drafts: [QuoteDraft] = []

    init(tx: any StoreTransaction, settings: Settings, holdEpoch: UInt16?, at now: Instant) {
      self.tx = tx
      self.settings = settings
      self.holdEpoch = settings.heldPayments > 0 ? holdEpoch : nil
      self.now = now
    }

    /// What becomes of an order, before anything is written.
    private enum Plan {
      case refused(Refusal)
      case earlier(LeaseID)
      /// With capacity reserved on a host, or quoted without.
      case quote(host: String?)
    }

    mutating func reserve(_ orders: [Order], alone: Bool) throws -> [Result<Reserved, any Error>] {
      var ground = try tx.quoteGround(
        of: Set(orders.map(\.client)), keys: orders.compactMap(\.key), offers: Set(orders.map(\.offer)),
        countingHolds: holdEpoch != nil, alone: alone, at: now)
      let before = ground.capacity
      let plans = orders.map { plan($0, &ground) }
      let hosts = plans.compactMap { plan -> String? in if case .quote(let host) = plan { host } else { nil } }
      var places = try tx.takePlaces(on: hosts, of: before)[...]
      for (order, plan) in zip(orders, plans) {
        guard case .quote(let host) = plan else { continue }
        drafts.append(draft(order, on: host == nil ? nil : places.popFirst() ?? nil, &ground))
      }
      let reservations = try tx.insertQuotes(drafts, of: before, unpaidShare: settings.unpaidShare)
      return try zip(orders, plans).map { order, plan -> Result<Reserved, any Error> in
        switch plan {
        case .refused(let refusal): return .failure(refusal)
        case .earlier(let id):
          guard let record = try tx.lease(id) else { return .failure(Refusal.unknownLease) }
          return .success(.earlier(record))
        case .quote:
          guard let draft = drafts.first(where: { $0.lease.id == order.id }), let invoice = draft.order,
            let reservation = reservations[order.id]
          else { throw StoreError(.invariant, "a quote has the right to mint its invoice") }
          let record = LeaseRecord(lease: draft.lease, request: draft.request, placement: draft.placement)
          return .success(.fresh(record, invoice, reservation: reservation))
        }
      }
    }

    private func plan(_ order: Order, _ ground: inout QuoteGround) -> Plan {
      if let key = order.key {
        if let earlier = ground.used[key] {
          return earlier.bodyHash == order.bodyHash ? .earlier(earlier.lease) : .refused(.idempotencyConflict)
        }
        ground.used[key] = IdempotencyRecord(
          scope: key.scope, key: key.key, bodyHash: order.bodyHash, lease: order.id, at: now)
      }
      let needs = order.terms.resources
      // What is free is theirs first who wait for it.
      guard ground.capacity.available(needs, kind: order.terms.kind) > ground.waiting[order.offer, default: 0] else {
        if let key = order.key { ground.used[key] = nil }
        return .refused(.full(offer: order.offer))
      }
      guard ground.unpaidAllocations[order.client, default: 0] < settings.unpaidAllocationsPerClient,
        let host = ground.capacity.place(
          needs, kind: order.terms.kind, asUnpaid: settings.unpaidShare, pinned: order.attaching?.host)
      else { return .quote(host: nil) }
      ground.unpaidAllocations[order.client, default: 0] += 1
      return .quote(host: host)
    }

    private func draft(_ order: Order, on placement: Placement?, _ ground: inout QuoteGround) -> QuoteDraft {
      var lease = Lease.quote(order.id, order.terms, hasCapacity: placement != nil, at: now)
      lease.limit = order.request.spendPerDay.map { SpendLimit(perDay: $0) }
      var evidence = ["offer": order.offer, "held": String(placement != nil)]
      evidence["variant"] = order.terms.variant
      if let locked = order.terms.lockedPrice { evidence.merge(locked.evidence) { given, _ in given } }
      var invoice = InvoiceOrder.purchase(of: lease, amount: order.amount, at: now)
      if let holdEpoch, ground.mayHoldPayment(of: order.client, settings) {
        invoice.holdEpoch = holdEpoch
        ground.open += 1
        ground.openOfClient[order.client, default: 0] += 1
      }
      return QuoteDraft(
        lease: lease, request: order.request, placement: placement,
        event: EventRecord(
          id: EventID(.quoted, order.id).description, lease: order.id, version: 0, at: now, name: .quoted,
          feedName: .quoted, from: nil, to: .quoted, cause: .init(type: .request, id: order.requestID),
          evidence: evidence),
        client: order.client, asked: AskedWith(bodyHash: order.bodyHash, key: order.key?.key),
        key: order.key.map {
          IdempotencyRecord(scope: $0.scope, key: $0.key, bodyHash: order.bodyHash, lease: order.id, at: now)
        }, order: invoice, attachment: order.attaching?.attach(order.id, now))
    }
  }
}

extension QuoteGround {
  /// Beyond the bound purchases go on with ordinary invoices.
  fileprivate func mayHoldPayment(of client: String, _ settings: Settings) -> Bool {
    settings.mayHold(
      HoldCounts(accepted: accepted, open: open, openOfClient: openOfClient[client, default: 0]))
  }
}

extension InvoiceOrder {
  /// What a quote is paid with, for as long as it stands.
  static func purchase(of lease: Lease, amount: Millisatoshi, at now: Instant) -> InvoiceOrder {
    InvoiceOrder(
      lease: lease.id, purpose: .purchase, slot: .purchase, label: "\(InvoiceRequest.labelPrefix)\(lease.id)/purchase",
      amount: amount, expiresAt: lease.createdAt + lease.terms.policy.quote, locked: lease.terms.lockedPrice, at: now)
  }
}
