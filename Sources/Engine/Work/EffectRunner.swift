import Leasing
import Ledger
import Logging
import Units

/// The worker of the outbox: claims due rows, does them, and feeds each outcome back as an event whose transaction takes
/// the row away. Whoever dies in between leaves a claim that lapses; drivers and nodes are asked again under the same
/// key and generation.
public struct EffectRunner: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let clock: any WallClock
  let alarm: any Alarm
  let bell: Bell
  let settings: Settings
  /// Whose resources are in our hands.
  let hosts: [String]
  let retrying: Retrying
  let log: Logger
  /// One attempt.
  let perform: @Sendable (ClaimedEffect, LeaseRecord) async throws -> EffectOutcome
  /// Told of each step that an outcome came to.
  let concluded: @Sendable (RecordedStep) -> Void

  /// Runs effects as they become due, for as long as the task lives. Each lane has room of its own, so that a hundred
  /// dead webhooks delay no resume, and a hanging host no invoice.
  func run() async {
    await withDiscardingTaskGroup { group in
      for lane in Effect.Lane.allCases {
        group.addTask { await run([lane]) }
      }
    }
  }

  /// A bounded number at once. A slow one delays no other: each ring claims what there is room for, and each end rings.
  /// One that takes minutes gives its slot to another, so that however many hang, what is due is still begun.
  private func run(_ lanes: [Effect.Lane]) async {
    let most = lanes == [.pull] ? settings.pulls.atOnce : settings.effectsAtOnce
    let slots = EffectSlots(most, apart: settings.slowEffectsAtOnce)
    await withDiscardingTaskGroup { group in
      for await _ in bell.rings() {
        for slow in slots.parkSlow(begunBefore: clock.now() - OverdueWork.slowAfter) {
          log.warning(
            "an effect takes long and gives its slot up",
            metadata: ["lease": "\(slow.lease)", "effect": "\(slow.effect.name)", "key": "\(slow.key)"])
        }
        for claim in await claimUntilItWorks(slots, lanes) {
          let turn = slots.begin(claim, at: clock.now())
          group.addTask {
            await run(claim)
            slots.end(turn)
            bell.ring()
          }
        }
      }
    }
  }

  private func claimUntilItWorks(_ slots: EffectSlots, _ lanes: [Effect.Lane]) async -> [ClaimedEffect] {
    let room = slots.takeAll()
    var claims: [ClaimedEffect] = []
    if room > 0 {
      await retrying.again("claiming effects") {
        let claimed = try await claim(lanes, room)
        slots.keep(claimed)
      }
      claims = slots.takeKept()
    }
    slots.free(room - claims.count)
    return claims
  }

  /// Runs what is due until nothing is, and returns how many effects were begun.
  @discardableResult
  public func runDue() async throws -> Int {
    var begun = 0
    while true {
      let claims = try await claim(Effect.Lane.allCases, settings.effectsAtOnce)
      guard !claims.isEmpty else { return begun }
      begun += claims.count
      await withDiscardingTaskGroup { group in
        for claim in claims { group.addTask { await run(claim) } }
      }
    }
  }

  private func claim(_ lanes: [Effect.Lane], _ limit: Int) async throws -> [ClaimedEffect] {
    let owner = settings.daemon
    let lasting = settings.claim
    let hosts = hosts
    return try await store.transaction { tx in
      let now = clock.now()
      return try tx.claimEffects(
        of: lanes, on: hosts, owner: owner, at: now, until: now + lasting, limit: limit)
    }
  }

  private func run(_ claim: ClaimedEffect) async {
    do {
      let outcome = try await whileRenewing(claim) { try await attempt(claim) }
      try await conclude(claim, outcome)
    } catch {
      if Task.isCancelled { return }
      await postpone(claim, because: error)
    }
  }

  /// A claim lasts seconds; what takes longer renews it, and stops when it has lost it.
  private func whileRenewing(
    _ claim: ClaimedEffect, _ body: @escaping @Sendable () async throws -> EffectOutcome
  ) async throws -> EffectOutcome {
    try await withThrowingTaskGroup(of: EffectOutcome?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        while true {
          try await Deadlines.shared.sleep(.milliseconds(settings.claim.count * 1_000 / 3))
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

  private func attempt(_ claim: ClaimedEffect) async throws -> EffectOutcome {
    let id = claim.lease
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { return .stale }
    if let generation = claim.effect.generation, generation < record.lease.generation { return .stale }
    log.debug("effect begins", metadata: ["lease": "\(id)", "effect": "\(claim.effect.name)", "key": "\(claim.key)"])
    return try await perform(claim, record)
  }
}

// MARK: What it came to

extension EffectRunner {
  /// The outcome and the end of its row are one transaction: exactly one of any number of runners records it.
  private func conclude(_ claim: ClaimedEffect, _ outcome: EffectOutcome) async throws {
    let owner = settings.daemon
    switch outcome {
    case .done, .stale:
      try await store.transaction { tx in _ = try tx.finishEffect(claim.id, owner: owner) }
    case .later(let moment, let why):
      try await store.transaction { tx in
        try tx.postponeEffect(claim.id, owner: owner, until: moment, error: why)
      }
      alarm.set(noLaterThan: moment)
    case .event(let event, let evidence):
      try await conclude(claim) { tx, lease, now in
        // An invoice minted after the last was canceled: nothing may be destroyed while it can be paid.
        if claim.effect.lane == .invoice, try !tx.openInvoices(of: lease.id).isEmpty {
          try tx.postponeEffect(claim.id, owner: owner, until: now, error: "another invoice was made meanwhile")
          return nil
        }
        let step = try step(event, evidence, claim, lease, at: now)
        if lease.pendingChange != nil, step.decision.lease.pendingChange == nil {
          // The larger of the two sizes was set aside until one of them stands.
          _ = try tx.reallocate(lease.id, to: step.decision.lease.terms.resources)
        }
        return step
      }
    case .decided(let decide):
      try await conclude(claim) { tx, lease, now in
        try decide(tx, lease, now).map { try step($0, [:], claim, lease, at: now) }
      }
    }
  }

  private func step(
    _ event: Event, _ evidence: [String: String], _ claim: ClaimedEffect, _ lease: Lease, at now: Instant
  ) throws -> RecordedStep {
    try loop.decided(
      event, for: lease, eventID: EventID(.effect, claim.key), cause: .init(type: .effect, id: claim.key),
      evidence: evidence, at: now)
  }

  private func conclude(
    _ claim: ClaimedEffect,
    deciding decide: @escaping @Sendable (any StoreTransaction, Lease, Instant) throws -> RecordedStep?
  ) async throws {
    let owner = settings.daemon
    // The row's own lock first would be the other way round than everywhere else.
    let written = try await loop.step(claim.lease) { tx, lease in
      guard try tx.ownsClaim(claim.id, owner: owner), let step = try decide(tx, lease, clock.now()) else { return nil }
      _ = try tx.finishEffect(claim.id, owner: owner)
      return step
    }
    guard let written else { return }
    log.info(
      "effect done",
      metadata: [
        "lease": "\(claim.lease)", "effect": "\(claim.effect.name)", "state": "\(written.decision.lease.state.name)",
      ])
    concluded(written)
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
