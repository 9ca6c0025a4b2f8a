import L402
import Leasing
import Ledger
import Synchronization
import Units

/// What a door must know of a lease to serve a request without asking the database.
struct DoorView: Sendable {
  enum Answer: Sendable, Equatable {
    /// Until the moment in `servesUntil`, by the door's own clock.
    case serving
    case unpaid
    /// Being made, thawed or resumed: wait.
    case soon
    /// Asleep for want of use: a request wakes it.
    case idle
    case sealed
    /// The renter's own limit is reached.
    case limited
    case impaired
    case gone
    case unpaidQuote
  }
  var lease: LeaseID
  var kind: Kind
  /// The variant of its offer that the lease was sold as.
  var soldAs: String?
  var version: Int64
  var answer: Answer
  var servesUntil: Instant
  /// Few, in their order: anybody comes to these.
  var publicPorts: [UInt16] = []

  func isPublic(_ port: UInt16) -> Bool { publicPorts.contains(port) }

  init(_ record: LeaseRecord) {
    self.init(record.lease)
    publicPorts = record.request.ports.filter { $0.access == .public }.compactMap { UInt16(exactly: $0.number) }
  }

  init(_ lease: Lease) {
    self.lease = lease.id
    kind = lease.terms.kind
    soldAs = lease.terms.soldAs
    version = lease.version
    servesUntil = .distantFuture
    if let freeze = lease.flags.frozen, !lease.isClosed, !freeze.thawing {
      answer = .sealed
      return
    }
    if lease.isOnItsWay {
      answer = .soon
      return
    }
    switch lease.state {
    case .quoted: answer = .unpaidQuote
    case .provisioning: answer = .soon
    case .active, .grace:
      answer = lease.flags.impaired == nil ? .serving : .impaired
      servesUntil = lease.serviceEnds ?? .distantFuture
    case .suspended(let cause, _, let resuming):
      if resuming {
        answer = .soon
      } else {
        switch cause {
        case .unpaid: answer = .unpaid
        case .idle: answer = .idle
        case .operator: answer = .sealed
        case .limit: answer = .limited
        }
      }
    case .reclaiming, .closed: answer = .gone
    }
  }
}

/// Views of leases, kept while they can be believed (a cache that is invalidated by notifications).
///
/// Bounded. An entry is replaced by a newer version only, and one whose lease was written while it was being read is
/// not kept. While the listening connection has not proved itself alive within two seconds nothing here is believed:
/// the door then asks the database, and a daemon that cannot be told of a suspension serves nobody on hearsay.
final class DoorCache: Sendable {
  private struct State {
    var views: [LeaseID: DoorView] = [:]
    /// Whole leases, for who looks at his own. Far larger than a view, hence fewer.
    var records: [LeaseID: KeptRecord] = [:]
    /// The newest version each lease is known to have, while somebody reads it.
    var reading: [LeaseID: (readers: Int, newest: Int64)] = [:]
    var provedAlive: ContinuousClock.Instant?
  }
  private struct KeptRecord {
    var record: LeaseRecord
    /// Payments of this lease that are known to be booked: who shows one of them has nothing to be booked first.
    var booked: [PaymentHash]
  }
  static let capacity = 65_536
  static let recordCapacity = 16_384
  /// A lease whose buyer asked for more than so many bytes of command and environment is read each time.
  static let mostRequest = 2_048
  /// Of one lease.
  static let mostPayments = 8
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

  /// The lease as it stands, for the holder of a payment that is booked; `nil` when memory does not say.
  func record(of lease: LeaseID, paidBy payment: PaymentHash) -> LeaseRecord? {
    state.withLock { state in
      guard isTrusted(state), let kept = state.records[lease], kept.booked.contains(payment) else { return nil }
      return kept.record
    }
  }

  /// How many whole leases are kept.
  var records: Int { state.withLock { $0.records.count } }

  /// Call before reading the lease; every call is followed by one of `finishReading`.
  func beginReading(_ lease: LeaseID) {
    state.withLock { $0.reading[lease, default: (0, 0)].readers += 1 }
  }

  /// - Parameters:
  ///   - record: the whole lease, where it is to be kept too.
  ///   - payment: a payment of it that is booked.
  func finishReading(
    _ lease: LeaseID, _ view: DoorView?, record: LeaseRecord? = nil, booked payment: PaymentHash? = nil
  ) {
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
      if let record, let payment { keep(record, payment, &state) }
    }
  }

  private func keep(_ record: LeaseRecord, _ payment: PaymentHash, _ state: inout State) {
    let id = record.lease.id
    guard record.request.weight <= DoorCache.mostRequest,
      (state.records[id]?.record.lease.version ?? -1) <= record.lease.version
    else { return }
    var booked = state.records[id]?.booked ?? []
    if !booked.contains(payment) {
      if booked.count >= DoorCache.mostPayments { booked.removeFirst() }
      booked.append(payment)
    }
    if state.records.count >= DoorCache.recordCapacity, state.records[id] == nil { state.records.removeAll() }
    state.records[id] = KeptRecord(record: record, booked: booked)
  }

  /// The lease was written; anything older is forgotten.
  func invalidate(_ lease: LeaseID, below version: Int64) {
    state.withLock { state in
      if let view = state.views[lease], view.version < version { state.views[lease] = nil }
      if let kept = state.records[lease], kept.record.lease.version < version { state.records[lease] = nil }
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
      state.records.removeAll()
      for lease in state.reading.keys { state.reading[lease]?.newest = .max }
    }
  }
}

extension LeaseRequest {
  /// About how much memory it takes.
  fileprivate var weight: Int {
    command.reduce(0) { $0 + $1.utf8.count + 16 }
      + environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 32 }
      + ports.count * 16 + (sshKey?.utf8.count ?? 0) + (image?.utf8.count ?? 0)
  }
}
