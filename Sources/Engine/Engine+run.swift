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
      case .event(let id):
        watch.announce(id)
      case .heartbeat:
        if !doors.isTrusted { await catchUp() }
        doors.listenerIsAlive()
      case .interrupted:
        doors.listenerWasLost()
      }
    }
  }

  /// After a lapse of the listener: what was revoked, written or made due meanwhile was not told.
  private func catchUp() async {
    do {
      let revoked = try await store.transaction { tx in try tx.revokedTokens() }
      revocations.insert(revoked)
      watch.announceAll()
      bell.ring()
    } catch {
      log.warning("changes could not be caught up with", metadata: ["error": "\(error)"])
    }
  }

  // MARK: Heartbeat

  /// Says that this daemon is alive, and finds out whether any was before it: a gap is an outage, for which nobody is
  /// punished. Also compares our clock with the database's.
  public func beat() async throws {
    let name = settings.daemon
    let patience = settings.outageAfter
    let theirs = try await store.databaseTime()
    health.measured(clockSkew: clock.now().microseconds(since: theirs))
    let outage = try await store.transaction { [self] tx -> Lease.Outage? in
      let now = clock.now()
      if let last = try tx.beat(daemon: name, at: now), now > last + patience {
        try tx.recordOutage(from: last, to: now)
      }
      return try tx.outage(endedAfter: now - .day * 400)
    }
    learn(of: outage)
  }

  /// The wall clock leapt forward against the monotonic one: as if nobody had been looking.
  public func clockJumped(from: Instant, to: Instant) async throws {
    guard to > from else { return }
    let outage = try await store.transaction { tx in
      try tx.recordOutage(from: from, to: to)
      return Lease.Outage(from: from, to: to)
    }
    learn(of: outage)
  }

  private func learn(of outage: Lease.Outage?) {
    guard let outage else { return }
    latestOutage.withLock { known in
      guard known.map({ $0.to < outage.to }) ?? true else { return }
      known = outage
      log.warning(
        "no daemon was looking for a while; deadlines move out",
        metadata: ["seconds": "\(outage.to.microseconds(since: outage.from) / 1_000_000)"])
    }
  }
}
