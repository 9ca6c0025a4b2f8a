import L402
import Leasing
import Ledger
import Synchronization
import Units

/// Who may pass the data doors of a lease, request by request (a policy decision point).
final class Admissions: Sendable {
  /// What a door is answered.
  enum Admitted: Sendable {
    case serves(any Admission)
    /// The lease's time has run out, and nobody has paid for more: as it stood when it was read.
    case unpaid(LeaseSnapshot, VerifiedCredential)
  }

  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let doors: DoorCache
  let meters: DoorMeters
  let credentials: Credentials
  let presented: PresentedPayments
  let waiting: Waiting
  /// How long a door waits for a lease that is being made or thawed.
  let patience: Seconds
  let strangers = Strangers()

  init(
    store: any Store, clock: any WallClock, loop: LeaseLoop, doors: DoorCache, meters: DoorMeters,
    credentials: Credentials, presented: PresentedPayments, waiting: Waiting, patience: Seconds
  ) {
    self.store = store
    self.clock = clock
    self.loop = loop
    self.doors = doors
    self.meters = meters
    self.credentials = credentials
    self.presented = presented
    self.waiting = waiting
    self.patience = patience
  }

  /// Opens a data door of a lease for one request, or says why not: when it is for want of money, as a value.
  ///
  /// A verified request for a lease in service asks no database: the credential is checked from memory, and so is the
  /// lease's view, against this daemon's own clock. Everything else reads the lease again first.
  ///
  /// - Parameters:
  ///   - path: the file the request is about, inside the volume; `nil` outside the disk door.
  ///   - others: further paths it names (`Destination`, `If`).
  ///   - port: of the container, that the request is about.
  func admit(
    _ capability: Capabilities, to id: LeaseID, kind: Kind, path: ResourcePath? = nil, others: [ResourcePath] = [],
    port: UInt16? = nil, _ caller: Caller
  ) async throws -> Admitted {
    let shown = try await credentials.permitted(capability, of: id, caller, path: path, port: port)
    for other in others where !shown.covers(other) { throw Refusal.permission(.path) }
    let admission = LeaseAdmission(id, .credential(shown), by: self)
    if let view = doors.view(of: id), view.answer == .serving, clock.now() < view.servesUntil {
      try Credentials.refuse(shown, unlessFor: view.soldAs)
      guard view.kind == kind else { throw Refusal.invalidField("lease", "the lease is of another kind") }
      try refuseStale(shown)
      return .serves(admission)
    }
    let deadline = ContinuousClock.now + .seconds(patience.count)
    // A payment not booked yet is booked, what is on its way is waited for, and what was written meanwhile is read
    // again: a few times through at the most.
    for _ in 0..<5 {
      let snapshot = try await readForDoor(id, shown)
      let record = snapshot.record
      try Credentials.refuse(shown, unlessFor: record.lease.terms.soldAs)
      guard record.lease.terms.kind == kind else {
        throw Refusal.invalidField("lease", "the lease is of another kind")
      }
      let view = DoorView(record)
      switch view.answer {
      case .serving:
        guard clock.now() < view.servesUntil else {
          // Time has run out and the timer has not come yet.
          if try await presented.bookAnew(shown, snapshot) { continue }
          return .unpaid(snapshot, shown)
        }
        try refuseStale(shown)
        return .serves(admission)
      case .unpaid:
        if try await presented.bookAnew(shown, snapshot) { continue }
        return .unpaid(snapshot, shown)
      case .soon, .idle:
        if view.answer == .idle { try await wakeIdle(id, caller) }
        let left = ContinuousClock.now.duration(to: deadline).components.seconds
        let after = try await waiting.whenReady(try await readForDoor(id, shown).record, within: Seconds(max(0, left)))
        if after.lease.isOnItsWay { throw Refusal.unavailable(retryAfter: 1, "the lease is being made ready") }
      case .sealed:
        throw Refusal.sealed(record.lease)
      case .limited:
        throw Refusal.limitReached(record.lease)
      case .impaired:
        throw Refusal.unavailable(retryAfter: 30, "the resource is impaired; time does not run meanwhile")
      case .unpaidQuote:
        guard try await presented.bookAnew(shown, snapshot) else { throw Refusal.leaseClosed }
      case .gone:
        throw Refusal.leaseClosed
      }
    }
    throw Refusal.unavailable(retryAfter: 1, "the lease is changing")
  }

  /// The same for one of a container's ports, from memory and for who cannot wait, as on an event loop; `nil` where memory
  /// does not say, and for whatever is refused: ``admit(_:to:kind:path:others:port:_:)`` says why.
  func admittedAsRemembered(to id: LeaseID, port: UInt16, _ caller: Caller) -> (any Admission)? {
    guard let view = doors.view(of: id), view.kind == .compute, view.answer == .serving,
      clock.now() < view.servesUntil,
      let shown = credentials.permittedAsRemembered(LeaseAction.connect.needs, of: id, caller, port: port),
      shown.isFor(variant: view.soldAs), shown.expiry == .current
    else { return nil }
    return LeaseAdmission(id, .credential(shown), by: self)
  }

  /// Reads the lease for a door.
  private func readForDoor(_ id: LeaseID, _ shown: VerifiedCredential) async throws -> LeaseSnapshot {
    guard let snapshot = try await read(id, shown) else { throw Refusal.unknownLease }
    return snapshot
  }

  /// The lease as it stands, for the holder of a payment of it that is booked: from memory where that says. `nil` for
  /// others: there may be something to be booked first.
  func recordOfPayer(_ id: LeaseID, _ shown: VerifiedCredential) async throws -> LeaseRecord? {
    if let kept = doors.record(of: id, paidBy: shown.paymentHash) { return kept }
    guard let snapshot = try await read(id, shown), snapshot.isPaid(id) else { return nil }
    return snapshot.record
  }

  /// Reads how a lease stands, and keeps what doors and who looks at it need, unless something was written meanwhile.
  private func read(_ id: LeaseID, _ shown: VerifiedCredential) async throws -> LeaseSnapshot? {
    doors.beginReading(id)
    let snapshot: LeaseSnapshot?
    do {
      snapshot = try await store.snapshot(.renewal(of: id, periods: 1, shown: shown))
    } catch {
      doors.finishReading(id, nil)
      throw error
    }
    doors.finishReading(
      id, snapshot.map { DoorView($0.record) }, record: snapshot?.record,
      booked: snapshot?.isPaid(id) == true ? shown.paymentHash : nil)
    return snapshot
  }

  /// Whether it is for want of money that a lease does not serve, with what the caller paid booked first: paid is paid.
  func wantsMoney(_ id: LeaseID, _ caller: Caller) async throws -> Bool {
    guard let shown = try await credentials.credential(of: caller) else { return false }
    var standing = try await readForDoor(id, shown)
    if try await presented.bookAnew(shown, standing) { standing = try await readForDoor(id, shown) }
    return standing.record.lease.hasRunOut(at: clock.now())
  }

  func wakeIdle(_ id: LeaseID, _ caller: Caller) async throws {
    try await loop.handle(
      .requested, for: id, eventID: EventID(.requested, caller.requestID),
      cause: .init(type: .request, id: caller.requestID))
  }

  /// Paid up, and only the minted ceiling has passed: it is swapped free of charge, never paid for.
  private func refuseStale(_ shown: VerifiedCredential) throws {
    if shown.expiry == .stale {
      throw Refusal.unauthorized(
        reason: .credentialStale, detail: "the lease is paid up; swap this credential at its credential link")
    }
  }

  func remembersServing(_ id: LeaseID, _ shown: VerifiedCredential) -> Bool? {
    guard credentials.isGenuineAsRemembered(shown) else { return false }
    let now = clock.now()
    return doors.view(of: id).map { $0.answer == .serving && now < $0.servesUntil }
  }

  func isServing(_ id: LeaseID, _ shown: VerifiedCredential) async -> Bool {
    if let remembered = remembersServing(id, shown) { return remembered }
    guard await credentials.isGenuine(shown) else { return false }
    let now = clock.now()
    do {
      let view = DoorView(try await readForDoor(id, shown).record.lease)
      return view.answer == .serving && now < view.servesUntil
    } catch {
      return false
    }
  }
}

extension LeaseSnapshot {
  /// Whether the payment that was asked about is one of this lease, and is booked.
  fileprivate func isPaid(_ id: LeaseID) -> Bool {
    presented.map { $0.lease == id && $0.state == .settled } ?? false
  }
}
