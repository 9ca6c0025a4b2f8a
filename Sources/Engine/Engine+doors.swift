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
    let shown = try await permitted(capability, of: id, caller, path: path)
    for other in others where !shown.covers(other) { throw Refusal.permission(.path) }
    let admission = Admission(lease: id, credential: shown, engine: self)
    if let view = doors.view(of: id), view.standing == .serving, clock.now() < view.servesUntil {
      try Engine.refuse(shown, unlessFor: view.soldAs)
      guard view.kind == kind else { throw Refusal.invalidField("lease", "the lease is of another kind") }
      try refuseStale(shown)
      return admission
    }
    let deadline = ContinuousClock.now + .seconds(settings.patience.count)
    // A payment not booked yet is booked, what is on its way is waited for, and what was written meanwhile is read
    // again: a few times through at the most.
    for _ in 0..<5 {
      let standing = try await readForDoor(id, shown)
      let record = standing.record
      try Engine.refuse(shown, unlessFor: record.lease.terms.soldAs)
      guard record.lease.terms.kind == kind else {
        throw Refusal.invalidField("lease", "the lease is of another kind")
      }
      let view = DoorView(record.lease)
      switch view.standing {
      case .serving:
        guard clock.now() < view.servesUntil else {
          // Time has run out and the timer has not come yet.
          if try await bookedAnew(shown, standing) { continue }
          throw Refusal.paymentRequired(try await renewalDemand(standing, periods: 1, shown: shown, caller))
        }
        try refuseStale(shown)
        return admission
      case .unpaid:
        if try await bookedAnew(shown, standing) { continue }
        throw Refusal.paymentRequired(try await renewalDemand(standing, periods: 1, shown: shown, caller))
      case .soon, .idle:
        if view.standing == .idle { try await wakeIdle(id, caller) }
        let left = ContinuousClock.now.duration(to: deadline).components.seconds
        let after = try await settled(try await readForDoor(id, shown).record, within: Seconds(max(0, left)))
        if after.lease.isOnItsWay { throw Refusal.unavailable(retryAfter: 1, "the lease is being made ready") }
      case .sealed:
        throw Refusal.forbidden(reason: "lease-frozen", detail: "the provider has closed the doors of this lease")
      case .impaired:
        throw Refusal.unavailable(retryAfter: 30, "the resource is impaired; time does not run meanwhile")
      case .unpaidQuote:
        guard try await bookedAnew(shown, standing) else { throw Refusal.leaseClosed }
      case .gone:
        throw Refusal.leaseClosed
      }
    }
    throw Refusal.unavailable(retryAfter: 1, "the lease is changing")
  }

  /// Reads the lease for a door, and keeps the view unless something was written meanwhile.
  private func readForDoor(_ id: LeaseID, _ shown: VerifiedCredential) async throws -> Standing {
    doors.beginReading(id)
    do {
      let standing = try await store.standing(.renewal(of: id, periods: 1, shown: shown))
      doors.finishReading(id, standing.map { DoorView($0.record.lease) })
      guard let standing else { throw Refusal.unknownLease }
      return standing
    } catch {
      doors.finishReading(id, nil)
      throw error
    }
  }

  /// Whether the credential's payment had settled without being booked, and is booked now: the lease is to be read
  /// again.
  ///
  /// Invoice and lease were read in one statement, and a payment commits both at once: whoever saw it settled saw what
  /// it did for the lease too. Read apart, one booked in between would be answered with a second invoice.
  private func bookedAnew(_ shown: VerifiedCredential, _ standing: Standing) async throws -> Bool {
    guard let invoice = standing.presented, invoice.lease == standing.record.lease.id, invoice.state != .settled
    else { return false }
    guard try await bookIfSettled(shown.paymentHash) else {
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
    guard isGenuineAsRemembered(shown) else { return false }
    let now = clock.now()
    return doors.view(of: id).map { $0.standing == .serving && now < $0.servesUntil }
  }

  func isServing(_ id: LeaseID, _ shown: VerifiedCredential) async -> Bool {
    if let remembered = remembersServing(id, shown) { return remembered }
    guard await isGenuine(shown) else { return false }
    let now = clock.now()
    do {
      let view = DoorView(try await readForDoor(id, shown).record.lease)
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
    let admission = try await admit(LeaseAction.exec.needs, to: id, kind: .compute, caller)
    do throws(DriverError) {
      return (admission, try await containersOrThrow().exec(command, in: id))
    } catch {
      throw doorTrouble(error)
    }
  }

  public func logs(
    of id: LeaseID, tail: Int?, follow: Bool, _ caller: Caller
  ) async throws -> (Admission, AsyncThrowingStream<[UInt8], any Error>) {
    let admission = try await admit(LeaseAction.logs.needs, to: id, kind: .compute, caller)
    do throws(DriverError) {
      return (admission, try await containersOrThrow().logs(of: id, tail: tail, follow: follow))
    } catch {
      throw doorTrouble(error)
    }
  }

  public func start(_ id: LeaseID, _ caller: Caller) async throws {
    _ = try await admit(LeaseAction.start.needs, to: id, kind: .compute, caller)
    do throws(DriverError) { try await containersOrThrow().start(id) } catch { throw doorTrouble(error) }
  }

  public func stop(_ id: LeaseID, _ caller: Caller) async throws {
    _ = try await admit(LeaseAction.stop.needs, to: id, kind: .compute, caller)
    do throws(DriverError) { try await containersOrThrow().stop(id) } catch { throw doorTrouble(error) }
  }

  private func containersOrThrow() throws(DriverError) -> any ContainerAccess {
    guard let containers = drivers.containers else {
      throw DriverError(.unavailable, attempted: "opening the door", words: "this host runs no containers")
    }
    return containers
  }

  private func doorTrouble(_ error: DriverError) -> Refusal {
    switch error.kind {
    case .stopped:
      // The renter's own doing, and for the renter to undo: trying again would not help.
      return .conflict(code: "container-stopped", "nothing runs in this container now: start it first")
    case .absent, .failed, .fenced, .unavailable, .noSpace:
      log.warning("a door could not reach its resource", metadata: ["error": "\(error)"])
      return .unavailable(retryAfter: 2, "the resource cannot be reached now")
    }
  }
}
