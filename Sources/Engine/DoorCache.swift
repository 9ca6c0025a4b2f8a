import Leasing
import Ledger
import Synchronization
import Units

/// What a door must know of a lease to serve a request without asking the database.
struct DoorView: Sendable {
  enum Standing: Sendable, Equatable {
    /// Until the moment in `servesUntil`, by the door's own clock.
    case serving
    case unpaid
    /// Being made, thawed or resumed: wait.
    case soon
    /// Asleep for want of use: a request wakes it.
    case idle
    case sealed
    case impaired
    case gone
    case unpaidQuote
  }
  var lease: LeaseID
  var kind: Kind
  /// The variant of its offer that the lease was sold as.
  var soldAs: String?
  var version: Int64
  var standing: Standing
  var servesUntil: Instant

  init(_ lease: Lease) {
    self.lease = lease.id
    kind = lease.terms.kind
    soldAs = lease.terms.soldAs
    version = lease.version
    servesUntil = .distantFuture
    if let freeze = lease.flags.frozen, !lease.isClosed, !freeze.thawing {
      standing = .sealed
      return
    }
    if lease.isOnItsWay {
      standing = .soon
      return
    }
    switch lease.state {
    case .quoted: standing = .unpaidQuote
    case .provisioning: standing = .soon
    case .active:
      standing = lease.flags.impaired == nil ? .serving : .impaired
      servesUntil = lease.servesUntil
    case .grace(let until):
      standing = lease.flags.impaired == nil ? .serving : .impaired
      servesUntil = until
    case .suspended(let cause, _, let resuming):
      if resuming {
        standing = .soon
      } else {
        switch cause {
        case .unpaid: standing = .unpaid
        case .idle: standing = .idle
        case .operator: standing = .sealed
        }
      }
    case .reclaiming, .closed: standing = .gone
    }
  }
}

extension Lease {
  /// The end of paid time, grace included: past it a door asks again, whatever it was told.
  var servesUntil: Instant {
    guard let paidUntil else { return .distantFuture }
    return renewed ? paidUntil + terms.policy.grace : paidUntil
  }
}

/// Views of leases, kept while they can be believed.
///
/// Bounded. An entry is replaced by a newer version only, and one whose lease was written while it was being read is
/// not kept. While the listening connection has not proved itself alive within two seconds nothing here is believed:
/// the door then asks the database, and a daemon that cannot be told of a suspension serves nobody on hearsay.
final class DoorCache: Sendable {
  private struct State {
    var views: [LeaseID: DoorView] = [:]
    /// The newest version each lease is known to have, while somebody reads it.
    var reading: [LeaseID: (readers: Int, newest: Int64)] = [:]
    var provedAlive: ContinuousClock.Instant?
  }
  static let capacity = 65_536
  private let state = Mutex(State())

  var isTrusted: Bool {
    state.withLock { isTrusted($0) }
  }

  private func isTrusted(_ state: borrowing State) -> Bool {
    guard let proved = state.provedAlive else { return false }
    return ContinuousClock.now - proved < .seconds(2)
  }

  /// How many leases are kept, and how many are being read.
  var size: (views: Int, reading: Int) {
    state.withLock { ($0.views.count, $0.reading.count) }
  }

  func view(of lease: LeaseID) -> DoorView? {
    state.withLock { state in
      isTrusted(state) ? state.views[lease] : nil
    }
  }

  /// Call before reading the lease; every call is followed by one of ``finishReading(_:_:)``.
  func beginReading(_ lease: LeaseID) {
    state.withLock { $0.reading[lease, default: (0, 0)].readers += 1 }
  }

  func finishReading(_ lease: LeaseID, _ view: DoorView?) {
    state.withLock { state in
      let newest = state.reading[lease]?.newest ?? 0
      if let readers = state.reading[lease]?.readers, readers > 1 {
        state.reading[lease]?.readers = readers - 1
      } else {
        state.reading[lease] = nil
      }
      guard let view, view.version >= newest, (state.views[lease]?.version ?? -1) <= view.version else { return }
      if state.views.count >= DoorCache.capacity, state.views[lease] == nil { state.views.removeAll() }
      state.views[lease] = view
    }
  }

  /// The lease was written; anything older is forgotten.
  func invalidate(_ lease: LeaseID, below version: Int64) {
    state.withLock { state in
      if let view = state.views[lease], view.version < version { state.views[lease] = nil }
      if let reading = state.reading[lease] { state.reading[lease]?.newest = max(reading.newest, version) }
    }
  }

  func listenerIsAlive() {
    state.withLock { $0.provedAlive = .now }
  }

  func listenerWasLost() {
    state.withLock { state in
      state.provedAlive = nil
      state.views.removeAll()
      for lease in state.reading.keys { state.reading[lease]?.newest = .max }
    }
  }
}
