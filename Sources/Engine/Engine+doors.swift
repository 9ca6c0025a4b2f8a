import L402
import Leasing
import Ledger
import Units

/// What a data door is told when it may serve.
public struct Admission: Sendable {
  public var lease: LeaseID
  public var credential: VerifiedCredential
  private let engine: Engine

  init(lease: LeaseID, credential: VerifiedCredential, engine: Engine) {
    self.lease = lease
    self.credential = credential
    self.engine = engine
  }

  /// Whether an open stream may go on: asked each second or 4 MiB. Costs no database access while the cache is
  /// trusted.
  public func isStillServing() async -> Bool {
    await engine.isServing(lease, credential)
  }

  /// The same from memory alone, for who cannot wait: `nil` when the lease was written since and must be read again.
  public var isStillServingAsRemembered: Bool? {
    engine.remembersServing(lease, credential)
  }

  /// Metering: what passed through the door.
  public func count(egress: Int64 = 0, ingress: Int64 = 0, requests: Int64 = 0) {
    engine.doorMeters.count(lease, egress: egress, ingress: ingress, requests: requests)
  }
}

extension Engine {
  /// Opens a data door of a lease for one request, or says why not.
  ///
  /// A verified request for a lease in service asks no database: the credential is checked from memory, and so is the
  /// lease's view, against this daemon's own clock. Everything else reads the lease again first.
  ///
  /// - Parameters:
  ///   - path: the file the request is about, inside the volume; `nil` outside the disk door.
  ///   - others: further paths it names (`Destination`, `If`).
  public func admit(
    _ capability: Capabilities, to id: LeaseID, kind: Kind, path: ResourcePath? = nil, others: [ResourcePath] = [],
    _ caller: Caller
  ) async throws -> Admission {
    let shown = try await require(capability, of: id, caller, path: path)
    for other in others where !shown.covers(other) { throw Refusal.permission(.path) }
    let admission = Admission(lease: id, credential: shown, engine: self)
    if let view = doors.view(of: id), view.standing == .serving, clock.now() < view.servesUntil {
      guard view.kind == kind else { throw Refusal.invalidField("lease", "the lease is of another kind") }
      try refuseStale(shown)
      return admission
    }
    let deadline = ContinuousClock.now + .seconds(settings.patience.count)
    // A payment not booked yet is booked, what is on its way is waited for, and what was written meanwhile is read
    // again: a few times through at the most.
    for _ in 0..<5 {
      let record = try await readForDoor(id)
      guard record.lease.terms.kind == kind else {
        throw Refusal.invalidField("lease", "the lease is of another kind")
      }
      let view = DoorView(record.lease)
      switch view.standing {
      case .serving:
        guard clock.now() < view.servesUntil else {
          // Time has run out and the timer has not come yet.
          if try await moneyArrived(shown, since: record.lease) { continue }
          throw Refusal.paymentRequired(try await renewalDemand(record.lease, periods: 1, shown: shown, caller))
        }
        try refuseStale(shown)
        return admission
      case .unpaid:
        if try await moneyArrived(shown, since: record.lease) { continue }
        throw Refusal.paymentRequired(try await renewalDemand(record.lease, periods: 1, shown: shown, caller))
      case .soon, .idle:
        if view.standing == .idle { try await wakeIdle(id, caller) }
        let left = ContinuousClock.now.duration(to: deadline).components.seconds
        let after = try await settled(try await readForDoor(id), within: Seconds(max(0, left)))
        if after.lease.isOnItsWay { throw Refusal.unavailable(retryAfter: 1, "the lease is being made ready") }
      case .sealed:
        throw Refusal.forbidden(reason: "lease-frozen", detail: "the provider has closed the doors of this lease")
      case .impaired:
        throw Refusal.unavailable(retryAfter: 30, "the resource is impaired; time does not run meanwhile")
      case .unpaidQuote:
        guard try await moneyArrived(shown, since: record.lease) else { throw Refusal.leaseClosed }
      case .gone:
        throw Refusal.leaseClosed
      }
    }
    throw Refusal.unavailable(retryAfter: 1, "the lease is changing")
  }

  /// Reads the lease for a door, and keeps the view unless something was written meanwhile.
  private func readForDoor(_ id: LeaseID) async throws -> LeaseRecord {
    doors.beginReading(id)
    do {
      let record = try await store.transaction { tx in try tx.lease(id) }
      doors.finishReading(id, record.map { DoorView($0.lease) })
      guard let record else { throw Refusal.unknownLease }
      return record
    } catch {
      doors.finishReading(id, nil)
      throw error
    }
  }

  /// Whether the credential's payment is booked now and was not when the lease was read: it is to be read again.
  ///
  /// The invoice is looked at before the lease: a payment commits both at once, so whoever sees it settled sees what
  /// it did for the lease too. The other way round a payment booked in between would be answered with a second invoice.
  private func moneyArrived(_ shown: VerifiedCredential, since before: Lease) async throws -> Bool {
    let hash = shown.paymentHash
    let id = before.id
    let (invoice, version) = try await store.transaction { tx in
      let invoice = try tx.invoice(hash)
      return (invoice, try tx.lease(id)?.lease.version)
    }
    guard let invoice, invoice.lease == id else { return false }
    guard invoice.state != .settled else { return version != before.version }
    guard try await bookIfSettled(hash) else {
      // Whoever knows the preimage has paid: never a second invoice.
      throw Refusal.unavailable(retryAfter: 1, "the payment has not arrived")
    }
    return true
  }

  private func wakeIdle(_ id: LeaseID, _ caller: Caller) async throws {
    try await handle(
      .requested, for: id, eventID: "requested:\(caller.requestID)",
      cause: .init(type: "request", id: caller.requestID))
  }

  /// Paid up, and only the minted ceiling has passed: it is swapped free of charge, never paid for.
  private func refuseStale(_ shown: VerifiedCredential) throws {
    if shown.expiry == .stale {
      throw Refusal.unauthorized(
        reason: "credential-stale", detail: "the lease is paid up; swap this credential at its credential link")
    }
  }

  func remembersServing(_ id: LeaseID, _ shown: VerifiedCredential) -> Bool? {
    let now = clock.now()
    guard now.unixSeconds < shown.validUntil, !revocations.contains(shown.token) else { return false }
    return doors.view(of: id).map { $0.standing == .serving && now < $0.servesUntil }
  }

  func isServing(_ id: LeaseID, _ shown: VerifiedCredential) async -> Bool {
    if let remembered = remembersServing(id, shown) { return remembered }
    let now = clock.now()
    do {
      let view = DoorView(try await readForDoor(id).lease)
      return view.standing == .serving && now < view.servesUntil
    } catch {
      return false
    }
  }

  // MARK: Disk

  public func openVolume(
    _ id: LeaseID, _ capability: Capabilities, path: ResourcePath, others: [ResourcePath] = [], _ caller: Caller
  ) async throws -> (Admission, Volume) {
    let admission = try await admit(capability, to: id, kind: .disk, path: path, others: others, caller)
    guard let volumes = drivers.volumes else {
      throw Refusal.unavailable(retryAfter: 60, "this host serves no disks")
    }
    do throws(DriverError) {
      return (admission, try await volumes.volume(of: id))
    } catch {
      throw doorTrouble(error)
    }
  }

  public func volumeUsage(of id: LeaseID) async throws -> VolumeUsage? {
    do throws(DriverError) {
      return try await drivers.volumes?.usage(of: id)
    } catch {
      throw doorTrouble(error)
    }
  }

  // MARK: Compute

  public func exec(
    _ id: LeaseID, _ command: ExecCommand, _ caller: Caller
  ) async throws -> (Admission, AsyncThrowingStream<ExecOutput, any Error>) {
    guard !command.arguments.isEmpty else { throw Refusal.invalidField("command", "at least one word") }
    try checkCommand(command.arguments, field: "command")
    try checkEnvironment(command.environment)
    let admission = try await admit(.exec, to: id, kind: .compute, caller)
    do throws(DriverError) {
      return (admission, try await containersOrThrow().exec(command, in: id))
    } catch {
      throw doorTrouble(error)
    }
  }

  public func logs(
    of id: LeaseID, tail: Int?, follow: Bool, _ caller: Caller
  ) async throws -> (Admission, AsyncThrowingStream<[UInt8], any Error>) {
    let admission = try await admit(.read, to: id, kind: .compute, caller)
    do throws(DriverError) {
      return (admission, try await containersOrThrow().logs(of: id, tail: tail, follow: follow))
    } catch {
      throw doorTrouble(error)
    }
  }

  public func start(_ id: LeaseID, _ caller: Caller) async throws {
    _ = try await admit(.control, to: id, kind: .compute, caller)
    do throws(DriverError) { try await containersOrThrow().start(id) } catch { throw doorTrouble(error) }
  }

  public func stop(_ id: LeaseID, _ caller: Caller) async throws {
    _ = try await admit(.control, to: id, kind: .compute, caller)
    do throws(DriverError) { try await containersOrThrow().stop(id) } catch { throw doorTrouble(error) }
  }

  private func containersOrThrow() throws(DriverError) -> any ContainerAccess {
    guard let containers = drivers.containers else {
      throw DriverError(.unavailable, attempted: "opening the door", words: "this host runs no containers")
    }
    return containers
  }

  private func doorTrouble(_ error: DriverError) -> Refusal {
    log.warning("a door could not reach its resource", metadata: ["error": "\(error)"])
    switch error.kind {
    case .absent, .failed, .fenced, .unavailable, .noSpace:
      return .unavailable(retryAfter: 2, "the resource cannot be reached now")
    }
  }
}
