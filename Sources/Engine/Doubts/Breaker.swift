import Leasing
import Ledger
import Synchronization
import Units

/// What stands between a timer and a punishment: our own doubts (a circuit breaker).
struct Breaker: Sendable {
  let settings: Settings
  let health: Health
  let rates: Rates
  let spared: SparedLeases

  /// Why leases are spared for now, of those that a step against them would befall. A fixed number of questions to the
  /// database, however many leases.
  func reasonsToSpare(
    _ leases: [Lease], _ tx: any StoreTransaction, at now: Instant
  ) throws -> [LeaseID: String] {
    guard !leases.isEmpty else { return [:] }
    rates.noteAbsences(at: now)
    var reasons: [LeaseID: String] = [:]
    if let doubt = health.doubt(at: now) {
      for lease in leases { reasons[lease.id] = doubt }
      return reasons
    }
    if health.keepsFromDestroying(at: now) {
      for lease in leases where lease.isSuspended { reasons[lease.id] = "nobody could pay: the Lightning node is away" }
    }
    let leases = leases.filter { reasons[$0.id] == nil }
    guard !leases.isEmpty else { return reasons }
    let ids = leases.map(\.id)
    let shielded = try tx.shielded(ids)
    // Debt is read from the ledger again.
    let balances = try tx.ledgerBalances(of: ids)
    for lease in leases {
      if shielded.contains(lease.id) {
        reasons[lease.id] = "a settlement of this lease is not booked yet"
      } else if balances[lease.id] != lease.account.balance {
        reasons[lease.id] = "its balance differs from the ledger"
      } else if let until = spared.end(for: lease.id), now < until {
        reasons[lease.id] = "its renewal was refused for limits of ours"
      } else if let doubt = rates.doubt(about: lease, at: now) {
        reasons[lease.id] = doubt
      }
    }
    let rest = leases.filter { reasons[$0.id] == nil }
    let free = try leavesFree(rest.count, tx, at: now)
    for lease in rest.dropFirst(free) { reasons[lease.id] = "too many suspensions at once" }
    return reasons
  }

  /// How many of so many suspensions the circuit breaker lets through.
  private func leavesFree(_ wanted: Int, _ tx: any StoreTransaction, at now: Instant) throws -> Int {
    guard wanted > 0 else { return 0 }
    let counts = try tx.breakerCounts(since: now - settings.breakerWindow)
    // Those suspended inside the window were in service when it began.
    let share = settings.breakerShare * Double(counts.inService + counts.suspensions)
    let limit = max(settings.breakerLeases, Int(share))
    let free = min(wanted, max(0, limit - counts.suspensions))
    if free == wanted {
      health.breakerIsQuiet()
      return wanted
    }
    return health.breakerSpares(at: now) ? free : wanted
  }
}

/// Leases whose renewals were refused for limits of ours, until when they are spared for it.
final class SparedLeases: Sendable {
  private let ends = Mutex<[LeaseID: Instant]>([:])

  func spare(_ lease: LeaseID, until end: Instant, at now: Instant) {
    ends.withLock { ends in
      if ends.count >= 10_000 { ends = ends.filter { $0.value > now } }
      ends[lease] = end
    }
  }

  /// When the lease is spared no longer; `nil`: it never was.
  func end(for lease: LeaseID) -> Instant? { ends.withLock { $0[lease] } }
}
