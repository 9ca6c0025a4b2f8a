import L402
import Leasing
import Ledger
import Logging
import Units

/// Other terms for a lease that there is.
struct Changes: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let catalog: Catalog
  let drivers: ResourceDrivers
  let credentials: Credentials
  let redemptions: Redemptions
  let rates: Rates
  let invoicing: Invoicing
  let log: Logger

  /// Changes to another offer of the same kind. What costs nothing now happens now; an upgrade is paid for first.
  func change(_ id: LeaseID, to offerID: String, _ caller: Caller) async throws -> Sold {
    let shown = try await credentials.require(.change, of: id, caller)
    guard let offer = catalog.offer(offerID) else { throw Refusal.unknownOffer(offerID) }
    let isWanted: @Sendable (Settlement.Purpose) -> Bool = {
      if case .change(let paid) = $0 { paid.offer == offerID } else { false }
    }
    if let record = try await redemptions.redeemed(by: shown, for: id, caller, where: isWanted) {
      guard record.lease.terms.offer == offerID else {
        throw Refusal.conflict(
          code: .changeNotPossible, "the change was paid for and is not possible any more: the money is credit")
      }
      return .lease(record)
    }
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    let lease = record.lease
    guard offer.terms.kind == lease.terms.kind else {
      throw Refusal.invalidField("offer", "the lease is of another kind")
    }
    let now = clock.now()
    if let obstacle = lease.changeObstacle(at: now) {
      switch lease.state {
      case .active, .grace:
        // What it has is no change.
        if lease.terms.offer == offer.terms.offer { return .lease(record) }
      case .quoted, .provisioning, .suspended, .reclaiming, .closed: break
      }
      throw Refusal.rejection(obstacle, of: lease)
    }
    if lease.terms.offer == offer.terms.offer { return .lease(record) }
    let terms = try rates.priced(offer.terms(for: id, soldAs: lease.terms.soldAs), at: now)
    guard terms.price > .zero, lease.terms.price > .zero else {
      throw Refusal.conflict(code: .purelyMetered, "a purely metered lease does not change")
    }
    try await refuseShrinking(record, to: terms)
    guard let amount = lease.changeAmount(to: terms, at: now) else {
      throw Refusal.invalidField("offer", "the price does not fit")
    }
    if amount == .zero {
      guard lease.microsecondsLeft(on: terms, at: now) <= Lease.horizon.microseconds else {
        throw Refusal.invalidField("offer", "the balance would last longer than 366 days")
      }
      let handled = try await loop.handle(
        .changed(terms), for: id, eventID: EventID(.change, caller.requestID),
        cause: .init(type: .request, id: caller.requestID)
      ) { tx, before in
        guard try tx.reallocate(id, to: before.resources(changingTo: terms)) else { throw Refusal.noCapacity }
      }
      return .lease(
        LeaseRecord(lease: handled.lease, request: record.request, placement: record.placement))
    }
    try shown.allow(amount)
    let order = InvoiceOrder(
      lease: id, purpose: .change(terms), slot: .change(offer: terms.offer),
      label: "\(InvoiceRequest.labelPrefix)\(id)/change/\(uniqueLabel(at: now))", amount: amount,
      expiresAt: min(lease.renewalInvoiceEnds(at: now), now + terms.policy.quote),
      extra: terms.resources.beyond(lease.terms.resources), locked: terms.lockedPrice, at: now)
    return .pay(
      try await invoicing.demand(for: order, of: lease, periods: 1, shown: shown, caller))
  }

  /// None to less than what is stored, or to less memory than is used: asked before money is. What comes between the
  /// question and the change is found by the driver, and undoes it. On another daemon's host only that can be.
  private func refuseShrinking(_ record: LeaseRecord, to terms: Terms) async throws {
    let lease = record.lease
    let (room, memory) = (terms.resources.disk, terms.resources.memory)
    let (isSmaller, isTighter) = (room < lease.terms.resources.disk, memory < lease.terms.resources.memory)
    guard isSmaller || isTighter, let driver = drivers.driver(of: record) else { return }
    let levels: [Meter: Int64]
    do throws(DriverError) {
      levels = try await driver.measure([lease.id]).first { $0.lease == lease.id }?.levels ?? [:]
    } catch {
      // It is being made, or lost: the driver is asked again when it is resized.
      guard error.kind != .absent else { return }
      log.warning("what is stored could not be read", metadata: ["lease": "\(lease.id)", "error": "\(error)"])
      throw Refusal.unavailable(retryAfter: 5, "what is stored cannot be read now")
    }
    if isSmaller, let stored = levels[.disk], stored > room.count {
      throw Refusal.conflict(
        code: .moreStored,
        "\(stored) bytes are stored and \(terms.offer) takes \(room.count): remove \(stored - room.count) bytes first")
    }
    if isTighter, let used = levels[.memory], used > memory.count {
      throw Refusal.conflict(
        code: .moreMemoryUsed,
        "\(used) bytes of memory are used and \(terms.offer) has \(memory.count): stop what uses them first")
    }
  }
}
