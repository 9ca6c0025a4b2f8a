import L402
import Leasing
import Ledger
import Synchronization
import Units

/// The EffectRunner: claims due outbox rows, does them, and feeds each outcome back as an event whose transaction takes
/// the row away. Whoever dies in between leaves a claim that lapses; drivers and nodes are asked again under the same
/// key and generation.
extension Engine {
  /// Runs effects as they become due, for as long as the task lives. Each lane has room of its own, so that a hundred
  /// dead webhooks delay no resume, and a hanging host no invoice.
  func runEffects() async {
    await withDiscardingTaskGroup { group in
      for lanes in [[Effect.Lane.resource], [.invoice], [.payout], [.notice]] {
        group.addTask { await self.runEffects(of: lanes) }
      }
    }
  }

  /// A bounded number at once. A slow one delays no other: each ring claims what there is room for, and each end rings.
  private func runEffects(of lanes: [Effect.Lane]) async {
    let slots = EffectSlots(settings.effectsAtOnce)
    await withDiscardingTaskGroup { group in
      for await _ in bell.rings() {
        for claim in await claimUntilItWorks(slots, lanes) {
          group.addTask {
            await self.run(claim)
            slots.free()
            self.bell.ring()
          }
        }
      }
    }
  }

  private func claimUntilItWorks(_ slots: EffectSlots, _ lanes: [Effect.Lane]) async -> [ClaimedEffect] {
    let room = slots.takeAll()
    var claims: [ClaimedEffect] = []
    if room > 0 {
      await again("claiming effects") { [self] in
        let claimed = try await claim(lanes, room)
        slots.hold(claimed)
      }
      claims = slots.held()
    }
    slots.free(room - claims.count)
    return claims
  }

  /// Runs what is due until nothing is, and returns how many effects were begun.
  @discardableResult
  public func runDueEffects() async throws -> Int {
    var begun = 0
    while true {
      let claims = try await claim(Effect.Lane.allCases, settings.effectsAtOnce)
      guard !claims.isEmpty else { return begun }
      begun += claims.count
      await withDiscardingTaskGroup { group in
        for claim in claims { group.addTask { await self.run(claim) } }
      }
    }
  }

  private func claim(_ lanes: [Effect.Lane], _ limit: Int) async throws -> [ClaimedEffect] {
    let owner = settings.daemon
    let lasting = settings.claim
    return try await store.transaction { [self] tx in
      let now = clock.now()
      return try tx.claimEffects(of: lanes, owner: owner, at: now, until: now + lasting, limit: limit)
    }
  }

  private func run(_ claim: ClaimedEffect) async {
    do {
      let outcome = try await whileRenewing(claim) { try await self.perform(claim) }
      try await conclude(claim, outcome)
    } catch {
      if Task.isCancelled { return }
      await postpone(claim, because: error)
    }
  }

  /// A claim lasts seconds; what takes longer renews it, and stops when it has lost it.
  private func whileRenewing(
    _ claim: ClaimedEffect, _ body: @escaping @Sendable () async throws -> Outcome
  ) async throws -> Outcome {
    try await withThrowingTaskGroup(of: Outcome?.self) { group in
      group.addTask { try await body() }
      group.addTask { [self] in
        while true {
          try await Task.sleep(for: .milliseconds(settings.claim.count * 1_000 / 3))
          let until = clock.now() + settings.claim
          let owner = settings.daemon
          do {
            guard try await store.transaction({ tx in try tx.renewClaim(claim.id, owner: owner, until: until) }) else {
              throw StoreError(.conflict, "the claim on an effect was lost")
            }
          } catch let error as StoreError where error.kind == .unavailable || error.kind == .outcomeUnknown {
            // Not lost yet; whoever else takes it is kept apart from us by the driver's fence.
            log.debug("a claim could not be renewed", metadata: ["lease": "\(claim.lease)", "error": "\(error)"])
          }
        }
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
      }
      throw CancellationError()
    }
  }

  enum Outcome: Sendable {
    case event(Event)
    /// Rated in the outcome's own transaction.
    case metersRead(generation: Int64)
    /// Its row is closed in the outcome's own transaction.
    case payout(PayoutRecord, PayoutState)
    /// Nothing more to say of it.
    case done
    /// Newer work has made it moot.
    case stale
    case later(Instant, String)
  }

  private func perform(_ claim: ClaimedEffect) async throws -> Outcome {
    let id = claim.lease
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { return .stale }
    if let generation = claim.effect.generation, generation < record.lease.generation { return .stale }
    log.debug("effect begins", metadata: ["lease": "\(id)", "effect": "\(claim.effect.name)", "key": "\(claim.key)"])
    switch claim.effect {
    // Money came before the invoices were canceled: they serve again.
    case .cancelInvoices where !record.lease.isReclaiming, .cancelQuote where !record.lease.isQuoted:
      return .stale
    case .cancelInvoices:
      return try await cancelInvoices(of: id).map { .later($0, "an invoice cannot be canceled yet") }
        ?? .event(.invoicesCanceled)
    case .cancelQuote:
      // A payment that has arrived in time is not sent back because nobody had heard of it yet.
      if try await learnOfHold(of: id) { return .stale }
      return try await cancelInvoices(of: id).map { .later($0, "the invoice cannot be canceled yet") }
        ?? .event(.quoteCanceled)
    case .settle(let hash):
      return try await settleHold(hash, of: record)
    case .payout(let hash):
      return try await payOut(hash)
    case .notice(let notice):
      for channel in channels { try await channel.deliver(notice, about: id, key: claim.key) }
      return .done
    case .provision, .suspend, .resume, .resize, .closeMeters, .destroy:
      do throws(DriverError) {
        return try await drive(claim, record)
      } catch {
        return try giveUp(claim, error)
      }
    }
  }

  private func drive(_ claim: ClaimedEffect, _ record: LeaseRecord) async throws(DriverError) -> Outcome {
    let id = claim.lease
    guard let driver = drivers.resources[record.lease.terms.kind] else {
      throw DriverError(.failed, attempted: claim.effect.name, words: "no driver for this kind on this host")
    }
    switch claim.effect {
    case .provision(let generation):
      try await driver.provision(try spec(of: record), generation: generation)
      return .event(.provisioned(generation: generation))
    case .suspend(let generation):
      try await driver.suspend(id, generation: generation)
      return .event(.suspended(generation: generation))
    case .resume(let generation):
      try await driver.resume(try spec(of: record), generation: generation)
      return .event(.resumed(generation: generation))
    case .resize(let generation):
      try await driver.resize(try spec(of: record), generation: generation)
      return .event(.resized(generation: generation))
    case .closeMeters(let generation):
      try await readLastMeters(of: record, driver, generation: generation)
      return .metersRead(generation: generation)
    case .destroy(let generation):
      let receipt = try await driver.destroy(id, generation: generation)
      doorMeters.forget(id)
      return .event(.destroyed(generation: generation, receipt: "\(receipt.method.rawValue): \(receipt.detail)"))
    case .cancelInvoices, .cancelQuote, .settle, .payout, .notice:
      return .done
    }
  }

  func spec(of record: LeaseRecord) throws(DriverError) -> ResourceSpec {
    guard let placement = record.placement else {
      throw DriverError(.failed, attempted: "placing the lease", words: "it has no place on a host")
    }
    var image: ImageReference?
    if record.lease.terms.kind == .compute {
      let name = record.request.image ?? catalog.offer(record.request.offer)?.images.first
      guard let found = name.flatMap({ catalog.image($0) }) else {
        throw DriverError(.unavailable, attempted: "finding the image", words: "it is not on this host any more")
      }
      image = found
    }
    return ResourceSpec(
      lease: record.lease.id, resources: record.lease.terms.resources, uidBase: placement.uidBase, image: image,
      command: record.request.command, environment: record.request.environment, disk: record.request.disk)
  }

  /// What a failed driver call comes to: an event where the lease must know, another try where trying may help.
  private func giveUp(_ claim: ClaimedEffect, _ error: DriverError) throws -> Outcome {
    if error.kind == .fenced { return .stale }
    let isHopeless = error.kind == .unavailable || error.kind == .noSpace || claim.attempts >= 2
    switch claim.effect {
    case .provision(let generation) where isHopeless:
      return .event(.provisionFailed(generation: generation, reason: "\(error)"))
    case .resume(let generation) where isHopeless:
      return .event(.resumeFailed(generation: generation, reason: "\(error)"))
    case .provision, .resume, .suspend, .resize, .closeMeters, .destroy, .cancelInvoices, .cancelQuote, .settle,
      .payout, .notice:
      throw error
    }
  }

  /// The outcome and the end of its row are one transaction: exactly one of any number of runners records it.
  private func conclude(_ claim: ClaimedEffect, _ outcome: Outcome) async throws {
    let owner = settings.daemon
    let eventID = "effect:\(claim.key)"
    let cause = EventRecord.Cause(type: "effect", id: claim.key)
    switch outcome {
    case .done, .stale:
      try await store.transaction { tx in _ = try tx.finishEffect(claim.id, owner: owner) }
    case .later(let moment, let why):
      try await store.transaction { tx in
        try tx.postponeEffect(claim.id, owner: owner, until: moment, error: why)
      }
      alarm.set(noLaterThan: moment)
    case .event(let event):
      try await concludeStepping(claim) { engine, tx, lease, now in
        // An invoice minted after the last was canceled: nothing may be destroyed while it can be paid.
        if claim.effect.lane == .invoice, try !tx.openInvoices(of: lease.id).isEmpty {
          try tx.postponeEffect(claim.id, owner: owner, until: now, error: "another invoice was made meanwhile")
          return nil
        }
        return try engine.record(event, for: lease, eventID: eventID, cause: cause, at: now)
      }
    case .payout(let payout, let state):
      try await concludeStepping(claim) { engine, tx, lease, now in
        guard try tx.finishPayout(payout.paymentHash, state, at: now), let event = payout.event(of: state) else {
          return nil
        }
        return try engine.record(event, for: lease, eventID: eventID, cause: cause, at: now)
      }
    case .metersRead(let generation):
      try await concludeStepping(claim) { engine, tx, lease, now in
        let unrated = try engine.rate(lease, closedBefore: .distantFuture, tx)
        return try engine.record(
          .metersClosed(generation: generation, unrated: unrated), for: lease, eventID: eventID, cause: cause, at: now)
      }
    }
  }

  private func concludeStepping(
    _ claim: ClaimedEffect,
    _ step: @escaping @Sendable (Engine, any StoreTransaction, Lease, Instant) throws -> RecordedStep?
  ) async throws {
    let owner = settings.daemon
    let written = try await store.transaction { [self] tx -> RecordedStep? in
      // The row's own lock first would be the other way round than everywhere else.
      guard let lease = try tx.lockLease(claim.lease), try tx.holdsClaim(claim.id, owner: owner) else { return nil }
      guard let recorded = try step(self, tx, lease, clock.now()) else { return nil }
      _ = try tx.finishEffect(claim.id, owner: owner)
      try tx.write([recorded])
      return recorded
    }
    guard let written else { return }
    publish([written.decision.lease])
    log.info(
      "effect done",
      metadata: [
        "lease": "\(claim.lease)", "effect": "\(claim.effect.name)", "state": "\(written.decision.lease.state.name)",
      ])
  }

  /// Never silence: the row comes back later, with what went wrong, and is shown until it succeeds.
  private func postpone(_ claim: ClaimedEffect, because error: any Error) async {
    let wait = Seconds(min(60, Int64(1) << min(6, claim.attempts)))
    let until = clock.now() + wait
    let owner = settings.daemon
    let isNotice = claim.effect.lane == .notice && claim.attempts >= 8
    log.warning(
      "effect failed",
      metadata: [
        "lease": "\(claim.lease)", "effect": "\(claim.effect.name)", "attempts": "\(claim.attempts + 1)",
        "error": "\(error)",
      ])
    do {
      try await store.transaction { tx in
        if isNotice {
          _ = try tx.finishEffect(claim.id, owner: owner)
        } else {
          try tx.postponeEffect(claim.id, owner: owner, until: until, error: "\(error)")
        }
      }
      alarm.set(noLaterThan: until)
    } catch {
      // The claim lapses by itself, and the row comes back.
      log.error("an effect could not be given back", metadata: ["lease": "\(claim.lease)", "error": "\(error)"])
    }
  }
}

/// How many effects may still begin.
private final class EffectSlots: Sendable {
  private let state: Mutex<(free: Int, claims: [ClaimedEffect])>

  init(_ count: Int) {
    state = Mutex((count, []))
  }

  func takeAll() -> Int {
    state.withLock { state in
      defer { state.free = 0 }
      return state.free
    }
  }

  func free(_ count: Int = 1) {
    state.withLock { $0.free += count }
  }

  func hold(_ claims: [ClaimedEffect]) {
    state.withLock { $0.claims = claims }
  }

  func held() -> [ClaimedEffect] {
    state.withLock { state in
      defer { state.claims = [] }
      return state.claims
    }
  }
}

extension Lease {
  fileprivate var isReclaiming: Bool {
    if case .reclaiming = state { true } else { false }
  }

  fileprivate var isQuoted: Bool {
    if case .quoted = state { true } else { false }
  }
}
