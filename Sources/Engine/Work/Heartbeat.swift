import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// What heartbeats have proved: each is a write.
struct Beats: Sendable {
  /// A heartbeat that is older proves nothing any more.
  static let fresh = Duration.seconds(6)

  /// When one was last written.
  var provedAt: ContinuousClock.Instant?
  /// Whether the last one failed.
  var isFailing = false
  /// Somebody is trying.
  var isProbing = false

  /// Whether the database takes writes; `nil`: not known now.
  func takesWrites(at now: ContinuousClock.Instant) -> Bool? {
    if isFailing { return false }
    guard let provedAt, now - provedAt < Beats.fresh else { return nil }
    return true
  }
}

/// Says that this daemon is alive, and finds out whether any was before it (a heartbeat with failure detection).
public final class Heartbeat: Sendable {
  private let store: any Store
  private let clock: any WallClock
  private let loop: LeaseLoop
  private let health: Health
  private let settings: Settings
  /// The name of the node whose silence is written down with each beat.
  private let node: String
  private let log: Logger

  /// When this daemon last said that it is alive.
  private let lastBeat = Mutex<Instant?>(nil)
  private let beats = Mutex(Beats())
  /// How the node answered when that was last written down.
  private let keptTrouble = Mutex(NodeTrouble())

  init(
    store: any Store, clock: any WallClock, loop: LeaseLoop, health: Health, settings: Settings, node: String,
    log: Logger
  ) {
    self.store = store
    self.clock = clock
    self.loop = loop
    self.health = health
    self.settings = settings
    self.node = node
    self.log = log
  }

  /// Says that this daemon is alive, and finds out whether any was before it: a gap is an outage, for which nobody is
  /// punished. Also compares our clock with the database's, and writes down how the node answers.
  public func beat() async throws {
    do {
      try await proveAlive()
      beats.withLock { $0 = Beats(provedAt: .now, isFailing: false) }
    } catch {
      if !Task.isCancelled { beats.withLock { $0.isFailing = true } }
      if let error = error as? StoreError, error.kind == .unavailable { health.storeFailed(at: clock.now()) }
      throw error
    }
  }

  private func proveAlive() async throws {
    let name = settings.daemon
    let node = node
    let trouble = health.snapshot.trouble
    // Trouble is said again at each beat, so that who reads of it knows that it is not of yesterday.
    let isNews = trouble.isInTrouble || trouble != keptTrouble.withLock { $0 }
    let patience = settings.outageAfter
    let asked = clock.now()
    let theirs = try await store.databaseTime()
    health.measured(databaseClock: theirs, between: asked, and: clock.now())
    let (now, known) = try await store.reserved { [self] tx -> (Instant, [Lease.Outage]) in
      let now = clock.now()
      if let last = try tx.beat(daemon: name, at: now), now > last + patience {
        try tx.recordOutage(from: last, to: now, leapt: false)
      }
      if isNews { try tx.setNodeTrouble(trouble, of: node, at: now) }
      return (now, try tx.outages(endedAfter: now - .day * 400))
    }
    keptTrouble.withLock { $0 = trouble }
    lastBeat.withLock { $0 = max($0 ?? now, now) }
    learn(of: known)
  }

  /// The wall clock leapt forward against the monotonic one: as if nobody had been looking, and nothing is charged for a
  /// time that did not go by. To be called before anything is done at the later time.
  public func clockJumped(from: Instant, to: Instant) async throws {
    guard to > from else { return }
    log.warning(
      "the wall clock leapt forward; the time it passed over is charged to nobody",
      metadata: ["seconds": "\(to.microseconds(since: from) / 1_000_000)", "to": "\(to.rfc3339)"])
    let known = try await store.reserved { tx in
      try tx.recordOutage(from: from, to: to, leapt: true)
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
    if let news = loop.learn(of: known) {
      log.warning(
        "no daemon was looking for a while; deadlines move out",
        metadata: ["seconds": "\(news.to.microseconds(since: news.from) / 1_000_000)"])
    }
  }

  // MARK: What beats prove

  /// Whether the database takes writes; `nil`: not known now.
  var takesWrites: Bool? { beats.withLock { $0.takesWrites(at: .now) } }

  /// Whether the database takes writes, as far as that is known or somebody is finding out; `nil`: whoever asks is the
  /// one to find out, with a beat, and says when that is done. A database that keeps silent is not asked by everybody
  /// who asks us.
  func beginProbing() -> Bool? {
    beats.withLock { beats in
      if let known = beats.takesWrites(at: .now), known || beats.isProbing { return known }
      if beats.isProbing { return false }
      beats.isProbing = true
      return nil
    }
  }

  func endProbing() { beats.withLock { $0.isProbing = false } }
}
