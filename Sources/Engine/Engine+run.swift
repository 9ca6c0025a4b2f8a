import Leasing
import Ledger
import Units

extension Engine {
  /// Does what is due for as long as the task lives: wakes leases, runs effects, follows the node and other daemons.
  /// Any of it failing is said, and tried again; none of it stops the rest.
  public func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.atEachRing("waking due leases") { _ = try await self.wakeDueLeases() } }
      group.addTask { await self.runEffects() }
      group.addTask { await self.again("following settlements") { try await self.followSettlements() } }
      group.addTask { await self.followHolds() }
      group.addTask { await self.followChanges() }
    }
  }

  private func atEachRing(_ what: String, _ body: @Sendable () async throws -> Void) async {
    for await _ in bell.rings() {
      await again(what, body)
    }
  }

  func again(_ what: String, _ body: @Sendable () async throws -> Void) async {
    var wait = 1
    while !Task.isCancelled {
      do {
        try await body()
        return
      } catch {
        if Task.isCancelled { return }
        if let error = error as? StoreError, error.kind == .unavailable { health.storeFailed(at: clock.now()) }
        log.error("work is held up", metadata: ["what": "\(what)", "error": "\(error)", "retry_seconds": "\(wait)"])
        do { try await Task.sleep(for: .seconds(wait)) } catch { return }
        wait = min(10, wait * 2)
      }
    }
  }

  /// What other daemons committed, and whether we can be told at all.
  private func followChanges() async {
    for await change in store.changes() {
      switch change {
      case .lease(let id, let version):
        doors.invalidate(id, below: version)
        watch.announce(id)
      case .due(let moment):
        alarm.set(noLaterThan: moment)
      case .revoked(let token):
        revocations.insert([token])
      case .keys:
        // What cannot be read now is not believed until it can.
        do {
          try await learnKeys()
          watch.announceAll()
        } catch {
          log.error("an epoch of the master key could not be learned", metadata: ["error": "\(error)"])
          doors.listenerWasLost()
        }
      case .event(let id):
        watch.announce(id)
      case .heartbeat:
        // Hearing again is not knowing again: what was missed is read first.
        if doors.isTrusted {
          doors.listenerIsAlive()
        } else if await catchUp() {
          doors.listenerIsAlive()
        }
      case .interrupted:
        doors.listenerWasLost()
      }
    }
  }

  /// After a lapse of the listener: what was revoked, written or made due meanwhile was not told.
  ///
  /// - Returns: whether that is known now.
  private func catchUp() async -> Bool {
    do {
      let revoked = try await store.transaction { tx in try tx.revokedTokens() }
      revocations.insert(revoked)
      try await learnKeys()
      watch.announceAll()
      bell.ring()
      return true
    } catch {
      log.warning("changes could not be caught up with", metadata: ["error": "\(error)"])
      return false
    }
  }

  // MARK: Heartbeat

  /// Says that this daemon is alive, and finds out whether any was before it: a gap is an outage, for which nobody is
  /// punished. Also compares our clock with the database's, and writes down how the node answers.
  public func beat() async throws {
    let name = settings.daemon
    let node = node.name
    let standing = health.snapshot.standing
    // Trouble is said again at each beat, so that who reads of it knows that it is not of yesterday.
    let isNews = standing.isInTrouble || standing != keptStanding.withLock { $0 }
    let patience = settings.outageAfter
    let asked = clock.now()
    let theirs = try await store.databaseTime()
    health.measured(databaseClock: theirs, between: asked, and: clock.now())
    let (now, known) = try await store.transaction { [self] tx -> (Instant, [Lease.Outage]) in
      let now = clock.now()
      if let last = try tx.beat(daemon: name, at: now), now > last + patience {
        try tx.recordOutage(from: last, to: now)
      }
      if isNews { try tx.setNodeStanding(standing, of: node, at: now) }
      return (now, try tx.outages(endedAfter: now - .day * 400))
    }
    keptStanding.withLock { $0 = standing }
    lastBeat.withLock { $0 = max($0 ?? now, now) }
    learn(of: known)
  }

  /// The wall clock leapt forward against the monotonic one: as if nobody had been looking.
  public func clockJumped(from: Instant, to: Instant) async throws {
    guard to > from else { return }
    let known = try await store.transaction { tx in
      try tx.recordOutage(from: from, to: to)
      return try tx.outages(endedAfter: to - .day * 400)
    }
    learn(of: known)
  }

  /// Whether this daemon has been out of the picture for so long that nobody may have been looking: it says that it is
  /// back, and learns what it missed, before it does anything about deadlines.
  func beatIfLate() async throws {
    let last = lastBeat.withLock { $0 }
    guard let last, clock.now() > last + settings.outageAfter else { return }
    try await beat()
  }

  private func learn(of known: [Lease.Outage]) {
    let news = outages.withLock { outages in
      let before = outages.last?.to
      outages = known
      return known.last { outage in before.map { outage.to > $0 } ?? true }
    }
    if let news {
      log.warning(
        "no daemon was looking for a while; deadlines move out",
        metadata: ["seconds": "\(news.to.microseconds(since: news.from) / 1_000_000)"])
    }
  }
}
