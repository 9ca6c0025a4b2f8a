import Engine
import Leasing
import Ledger
import Synchronization
import Units

/// A host in memory: resources, fences and counters live in it, outside of any engine, and survive each. It keeps the
/// promises of ``ResourceDriver`` (idempotent, fenced, nothing brought back after its end), remembers what was asked of
/// it, and fails or hangs when told to.
public final class SimulatedDriver: ResourceDriver, VolumeAccess {
  public enum Verb: String, Hashable, Sendable, CaseIterable {
    case provision, suspend, resume, resize, destroy, inspect, list, measure
  }

  public struct Call: Hashable, Sendable {
    public var verb: Verb
    public var lease: LeaseID?
    public var generation: Int64?
  }

  public struct Resource: Hashable, Sendable {
    public var spec: ResourceSpec
    public var phase: ResourceStatus.Phase
    public var generation: Int64
    public var counters: [Meter: Int64] = [:]
    public var levels: [Meter: Int64] = [:]
  }

  private struct State {
    var resources: [LeaseID: Resource] = [:]
    /// The highest generation each lease was acted on under; outlives the resource.
    var fences: [LeaseID: Int64] = [:]
    var destroyed: Set<LeaseID> = []
    var calls: [Call] = []
    var failures: [Verb: [DriverError]] = [:]
    var gates: [Verb: Gate] = [:]
    var disksSet: [(container: LeaseID, disk: AttachedDisk?)] = []
  }

  public let kind: Kind
  public let name = "simulated"
  private let clock: any WallClock
  private let state = Mutex(State())

  public init(_ kind: Kind = .disk, clock: any WallClock) {
    self.kind = kind
    self.clock = clock
  }

  // MARK: What a test says and sees

  /// The next so many calls of a verb fail, and change nothing.
  public func fail(_ verb: Verb, _ kind: DriverError.Kind = .failed, times: Int = 1) {
    let error = DriverError(kind, attempted: verb.rawValue, words: "told to fail")
    state.withLock { $0.failures[verb, default: []] += Array(repeating: error, count: times) }
  }

  /// From now on calls of a verb wait, before they do anything, until the gate is opened.
  public func hang(_ verb: Verb) -> Gate {
    let gate = Gate()
    state.withLock { $0.gates[verb] = gate }
    return gate
  }

  public func hangNoMore(_ verb: Verb) {
    state.withLock { $0.gates.removeValue(forKey: verb) }?.open()
  }

  public var calls: [Call] { state.withLock { $0.calls } }
  public var resources: [LeaseID: Resource] { state.withLock { $0.resources } }
  public func resource(_ lease: LeaseID) -> Resource? { state.withLock { $0.resources[lease] } }

  /// Every disk that was set, or taken away, in order.
  public var disksSet: [(container: LeaseID, disk: AttachedDisk?)] { state.withLock { $0.disksSet } }

  func setDisk(_ disk: AttachedDisk?, of lease: LeaseID, _: Void) throws(DriverError) {
    let isThere = state.withLock { state in
      guard state.resources[lease] != nil else { return false }
      if state.resources[lease]?.spec.attached != disk { state.disksSet.append((lease, disk)) }
      state.resources[lease]?.spec.attached = disk
      return true
    }
    guard isThere else { throw DriverError(.absent, attempted: "set a disk", words: "there is no such container") }
  }

  /// The renter uses it.
  public func use(_ lease: LeaseID, _ meter: Meter, _ quantity: Int64) {
    state.withLock { $0.resources[lease]?.counters[meter, default: 0] += quantity }
  }

  /// So much is stored in it from now on.
  public func store(_ lease: LeaseID, _ bytes: Int64, of meter: Meter = .disk) {
    state.withLock { $0.resources[lease]?.levels[meter] = bytes }
  }

  /// It is gone without anybody having asked.
  public func lose(_ lease: LeaseID) {
    state.withLock { $0.resources[lease] = nil }
  }

  // MARK: ResourceDriver

  public func probe() async throws(DriverError) {}

  private func begin(_ verb: Verb, _ lease: LeaseID? = nil, _ generation: Int64? = nil) async throws(DriverError) {
    let (gate, failure) = state.withLock { state -> (Gate?, DriverError?) in
      state.calls.append(Call(verb: verb, lease: lease, generation: generation))
      let failure = state.failures[verb]?.first
      if failure != nil { state.failures[verb]?.removeFirst() }
      return (state.gates[verb], failure)
    }
    await gate?.pass()
    if let failure { throw failure }
  }

  private func act<T>(
    on lease: LeaseID, _ generation: Int64, _ what: String, _ body: (inout State) throws(DriverError) -> T
  ) throws(DriverError) -> T {
    let result = state.withLock { state -> Result<T, DriverError> in
      if generation < state.fences[lease] ?? 0 {
        return .failure(DriverError(.fenced, attempted: what, words: "a newer generation has acted"))
      }
      do throws(DriverError) {
        let value = try body(&state)
        state.fences[lease] = generation
        state.resources[lease]?.generation = generation
        return .success(value)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await begin(.provision, spec.lease, generation)
    try act(on: spec.lease, generation, "provision") { state throws(DriverError) in
      guard !state.destroyed.contains(spec.lease) else {
        throw DriverError(.fenced, attempted: "provision", words: "it was destroyed")
      }
      var resource = state.resources[spec.lease] ?? Resource(spec: spec, phase: .running, generation: generation)
      resource.spec = spec
      resource.phase = .running
      state.resources[spec.lease] = resource
    }
  }

  public func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {
    try await begin(.suspend, lease, generation)
    try act(on: lease, generation, "suspend") { state throws(DriverError) in
      guard state.resources[lease] != nil else {
        throw DriverError(.absent, attempted: "suspend", words: "there is no such resource")
      }
      state.resources[lease]?.phase = .suspended
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await begin(.resume, spec.lease, generation)
    try act(on: spec.lease, generation, "resume") { state throws(DriverError) in
      guard state.resources[spec.lease] != nil else {
        throw DriverError(.absent, attempted: "resume", words: "there is no such resource")
      }
      try Self.refuseShrinking(state, spec, attempted: "resume")
      state.resources[spec.lease]?.phase = .running
      state.resources[spec.lease]?.spec = spec
    }
  }

  private static func refuseShrinking(
    _ state: State, _ spec: ResourceSpec, attempted verb: String
  ) throws(DriverError) {
    guard let resource = state.resources[spec.lease], let stored = resource.levels[.disk],
      spec.resources.disk < resource.spec.resources.disk, stored > spec.resources.disk.count
    else { return }
    throw DriverError(.noSpace, attempted: verb, words: "\(stored) bytes are in it")
  }

  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await begin(.resize, spec.lease, generation)
    try act(on: spec.lease, generation, "resize") { state throws(DriverError) in
      guard state.resources[spec.lease] != nil else {
        throw DriverError(.absent, attempted: "resize", words: "there is no such resource")
      }
      try Self.refuseShrinking(state, spec, attempted: "resize")
      state.resources[spec.lease]?.spec = spec
    }
  }

  public func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    try await begin(.destroy, lease, generation)
    return try act(on: lease, generation, "destroy") { state throws(DriverError) in
      let was = state.resources.removeValue(forKey: lease)
      state.destroyed.insert(lease)
      return ErasureReceipt(method: was == nil ? .absent : .overwritten, detail: "simulated")
    }
  }

  public func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    try await begin(.inspect, lease)
    return state.withLock { state in
      ResourceStatus(
        lease: lease, phase: state.resources[lease]?.phase ?? .absent, generation: state.fences[lease] ?? 0)
    }
  }

  public func list() async throws(DriverError) -> [ResourceStatus] {
    try await begin(.list)
    return state.withLock { state in
      state.resources.map { ResourceStatus(lease: $0.key, phase: $0.value.phase, generation: $0.value.generation) }
    }
  }

  public func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] {
    try await begin(.measure)
    let now = clock.now()
    return state.withLock { state in
      state.resources.compactMap { lease, resource in
        guard leases?.contains(lease) ?? true else { return nil }
        return Measurement(
          lease: lease, incarnation: 1, at: now, counters: resource.counters, levels: resource.levels)
      }
    }
  }

  // MARK: VolumeAccess

  public func volume(of lease: LeaseID) async throws(DriverError) -> Volume {
    guard let resource = resource(lease) else {
      throw DriverError(.absent, attempted: "opening the volume", words: "there is no such resource")
    }
    guard resource.phase == .running else {
      throw DriverError(.failed, attempted: "opening the volume", words: "it is suspended")
    }
    return Volume(root: "/simulated/\(lease)", uid: resource.spec.uidBase, gid: resource.spec.uidBase)
  }

  public func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage {
    VolumeUsage(used: 0, limit: resource(lease)?.spec.resources.disk ?? 0)
  }
}
