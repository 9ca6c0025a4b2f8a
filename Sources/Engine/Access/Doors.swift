import L402
import Leasing
import Ledger
import Units

/// The data doors of this host: who may pass, and what is behind them.
public struct Doors: Sendable {
  let store: any Store
  let admissions: Admissions
  let renewals: Renewals
  let addresses: Addresses
  public let disks: DiskDoor
  public let containers: ContainerDoor

  /// Opens a data door of a lease for one request, or says what is to be paid for it, or refuses.
  ///
  /// - Parameters:
  ///   - path: the file the request is about, inside the volume; `nil` outside the disk door.
  ///   - others: further paths it names (`Destination`, `If`).
  public func admit(
    _ capability: Capabilities, to id: LeaseID, kind: Kind, path: ResourcePath? = nil, others: [ResourcePath] = [],
    _ caller: Caller
  ) async throws -> Opened<Void> {
    try await open(capability, to: id, kind: kind, path: path, others: others, caller) {}
  }

  private func open<Thing: Sendable>(
    _ capability: Capabilities, to id: LeaseID, kind: Kind, path: ResourcePath? = nil, others: [ResourcePath] = [],
    port: UInt16? = nil, _ caller: Caller, _ thing: () async throws -> Thing
  ) async throws -> Opened<Thing> {
    let admitted: Admissions.Admitted
    do {
      admitted = try await admissions.admit(
        capability, to: id, kind: kind, path: path, others: others, port: port, caller)
    } catch let refusal as Refusal {
      guard let demand = try await demand(insteadOf: refusal, caller) else { throw refusal }
      return .pay(demand)
    }
    switch admitted {
    case .serves(let admission): return .serves(admission, try await thing())
    case .unpaid(let snapshot, let shown):
      // At an address nobody is given more than the address allows, whatever he shows.
      if let door = caller.door { return .pay(try await demand(at: door.address, caller)) }
      return .pay(try await renewals.demand(snapshot, periods: 1, shown: shown, caller))
    }
  }

  // MARK: Addresses

  /// What who came by an address is answered instead of a refusal: without a credential that is usable there, he may pay;
  /// and so may whoever bought less there than he asks for, once it is money that the lease wants. `nil`: the refusal
  /// stands.
  public func demand(insteadOf refusal: Refusal, _ caller: Caller) async throws -> PaymentDemand? {
    guard let address = caller.door?.address else { return nil }
    switch refusal.mending {
    case .no: return nil
    case .byAnotherCredential: return try await demand(at: address, caller)
    case .byMoney:
      guard try await admissions.wantsMoney(address.lease, caller) else { return nil }
      return try await demand(at: address, caller)
    }
  }

  /// The lease of an address, and an invoice of it that somebody was shown there, as it stands; mints nothing.
  public func look(
    at address: LeaseAddress, invoice hash: PaymentHash?
  ) async throws -> (lease: Lease, invoice: InvoiceRecord?) {
    try await store.transaction { tx in
      guard let lease = try tx.lease(address.lease)?.lease else { throw Refusal.unknownLease }
      let invoice = try hash.flatMap { try tx.invoice($0) }
      return (lease, invoice?.lease == address.lease ? invoice : nil)
    }
  }

  /// The renewal, for who came by this address; minted where none is open.
  public func demand(at address: LeaseAddress, _ caller: Caller) async throws -> PaymentDemand {
    let shown = try addresses.standIn(for: address)
    guard let snapshot = try await store.snapshot(.renewal(of: address.lease, periods: 1, shown: shown)) else {
      throw Refusal.unknownLease
    }
    return try await renewals.demand(snapshot, periods: 1, shown: shown, caller)
  }

  // MARK: Disk

  public func openVolume(
    _ id: LeaseID, _ capability: Capabilities, path: ResourcePath, others: [ResourcePath] = [], _ caller: Caller
  ) async throws -> Opened<Volume> {
    try await open(capability, to: id, kind: .disk, path: path, others: others, caller) {
      try await disks.volume(of: id)
    }
  }

  // MARK: Compute

  /// - Parameter input: asked for only once the command runs.
  public func exec(
    _ id: LeaseID, _ command: ExecCommand, input: ExecInput = .none, _ caller: Caller
  ) async throws -> Opened<AsyncThrowingStream<ExecOutput, any Error>> {
    guard !command.arguments.isEmpty else { throw Refusal.invalidField("command", "at least one word") }
    try Wishes.check(command: command.arguments, field: "command")
    try Wishes.check(environment: command.environment)
    return try await open(LeaseAction.exec.needs, to: id, kind: .compute, caller) {
      try await containers.exec(id, command, input: input)
    }
  }

  /// Lets a request through to one of a container's ports: of its holder, and of anybody where it is public. Connections are
  /// ``ContainerDoor``'s.
  public func openPort(_ port: UInt16, of id: LeaseID, _ caller: Caller) async throws -> Opened<Void> {
    do {
      return try await open(LeaseAction.connect.needs, to: id, kind: .compute, port: port, caller) {}
    } catch let refusal as Refusal where refusal.isOfStrangers && caller.door == nil {
      guard let admission = try await admissions.admitStranger(to: id, port: port, caller) else { throw refusal }
      return .serves(admission, ())
    }
  }

  /// The same from memory, at once; `nil` where ``openPort(_:of:_:)`` has to be asked.
  public func portAsRemembered(_ port: UInt16, of id: LeaseID, _ caller: Caller) -> (any Admission)? {
    guard caller.door == nil else { return nil }
    if caller.authorization.isEmpty { return admissions.strangerAsRemembered(to: id, port: port, caller) }
    return admissions.admittedAsRemembered(to: id, port: port, caller)
  }

  public func logs(
    of id: LeaseID, _ part: LogPart, follow: Bool, _ caller: Caller
  ) async throws -> Opened<ContainerLog> {
    try await open(LeaseAction.logs.needs, to: id, kind: .compute, caller) {
      try await containers.logs(of: id, part, follow: follow)
    }
  }

  public func start(_ id: LeaseID, _ caller: Caller) async throws -> Opened<Void> {
    try await open(LeaseAction.start.needs, to: id, kind: .compute, caller) { try await containers.start(id) }
  }

  public func stop(_ id: LeaseID, _ caller: Caller) async throws -> Opened<Void> {
    try await open(LeaseAction.stop.needs, to: id, kind: .compute, caller) { try await containers.stop(id) }
  }
}

extension Refusal {
  /// Whether it is for want of a credential that opens.
  fileprivate var isOfStrangers: Bool {
    switch self {
    case .unauthorized: true
    case .forbidden(let reason, _): reason != .leaseFrozen
    case .unknownOffer, .unknownLease, .unknownPayment, .invalidField, .leaseClosed, .noCapacity, .full,
      .unknownWaitlistEntry,
      .idempotencyConflict, .tooManyRequests, .tooManyAtOnce, .unavailable, .invoiceRefused, .noExchangeRate,
      .conflict, .unanswered:
      false
    }
  }

  fileprivate enum Mending { case no, byAnotherCredential, byMoney }

  /// What helps somebody who came by an address.
  fileprivate var mending: Mending {
    switch self {
    case .unauthorized, .forbidden(reason: .wrongLease, _): .byAnotherCredential
    // Whatever is bought there allows no more; but without money the lease serves nobody.
    case .forbidden(reason: .narrowedCapability, _): .byMoney
    case .forbidden, .unknownOffer, .unknownLease, .unknownPayment, .invalidField, .leaseClosed, .noCapacity, .full,
      .unknownWaitlistEntry,
      .idempotencyConflict, .tooManyRequests, .tooManyAtOnce, .unavailable, .invoiceRefused, .noExchangeRate,
      .conflict, .unanswered:
      .no
    }
  }
}

/// What a data door answers: what is behind it, with the permission to serve it; or what is to be paid first.
public enum Opened<Thing: Sendable>: Sendable {
  case serves(any Admission, Thing)
  /// The lease's time has run out: its renewal.
  case pay(PaymentDemand)
}
