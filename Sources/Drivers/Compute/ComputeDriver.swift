import Engine
import Glibc
import Leasing
import Ledger
import Logging
import Units

/// Containers on this host, made by an OCI runtime (`runc`, or `crun` where control groups are v2 alone).
///
/// Everything of a lease lies in one folder (``Bundle``), under one control group, and nothing of it in this process:
/// any number of these drivers, in any number of processes, may look after the same state folder, and each may be killed
/// at any statement. What one leaves half done, the next verb on that lease finds and finishes.
public struct ComputeDriver: ResourceDriver, ContainerAccess {
  public let kind = Kind.compute
  public var name: String { runtime.program.split(separator: "/").last.map(String.init) ?? runtime.program }

  let folder: String
  let mode: CgroupMode
  /// The parent of every group of ours: named after the state folder, so that two installations never meet.
  let groups: Cgroup
  let runtime: OCIRuntime
  let fence: GenerationFence
  let volumes: (any VolumeAccess)?
  let clock: any WallClock
  let options: Options
  let places: DoorPlaces
  public let cables: ContainerCables
  let log: Logger

  public struct Options: Sendable {
    /// The runtime's name or path; `nil`: `crun` where it is installed and control groups are v2 alone, else `runc`.
    public var runtime: String?
    /// How long a command may take to end after being asked, before it is killed.
    public var stopPatience: Duration = .seconds(3)
    /// How long the runtime may take for one of its steps (a start, the beginning of a command) before it is killed with
    /// all it has started. It reads files of the renter's, and may be made to wait for ever.
    public var runtimePatience: Duration = .seconds(30)
    /// Commands that run at once, of one lease and in all; so many that read logs; and so many starts and stops.
    public var commands = (ofOne: 16, all: 256)
    public var logReaders = (ofOne: 8, all: 256)
    public var orders = (ofOne: 4, all: 64)
    /// Connections to ports: of who shows a credential, and of strangers to public ones.
    public var connections = (ofOne: 256, all: 4_096)
    public var visits = (ofOne: 128, all: 1_024)
    public var network = NetworkSettings()
    /// How long a port that listens may let a connection wait.
    public var connectPatience: Duration = .seconds(5)
    /// `.overwritten` takes as long as writing all the renter ever wrote; `.discarded` only frees it.
    public var erasure = ErasureReceipt.Method.discarded
    /// A static busybox, from which ``ComputeDriver/probe()`` builds the container it tries the limits on.
    public var busybox = "/bin/busybox"

    public init() {}
  }

  /// - Parameters:
  ///   - stateDirectory: absolute; `compute` is made below it.
  ///   - volumes: where attached disks are; `nil`: a lease that asks for one is refused.
  /// - Throws: `.unavailable` when this host has no control groups for it.
  public init(
    stateDirectory: String, volumes: (any VolumeAccess)? = nil, clock: any WallClock, options: Options = Options(),
    log: Logger = Logger(label: "leasehold.compute")
  ) throws(DriverError) {
    try HostFile.makeFolders(stateDirectory + "/compute", mode: 0o711)
    guard let real = realpath(stateDirectory + "/compute", nil) else {
      throw DriverError(errno: errno, attempted: "resolve \(stateDirectory)")
    }
    folder = String(cString: real)
    free(real)
    mode = try CgroupMode.detect()
    let instance = Self.digest(of: folder)
    groups = Cgroup(mode: mode, path: "/leasehold-" + instance)
    cables = ContainerCables(
      networks: LeaseNetworks(options.network, instance: instance, folder: folder + "/.network"), folder: folder)
    let crun = "/usr/bin/crun"
    let standard = mode.version == .unified && HostFile.exists(crun) ? crun : "runc"
    runtime = OCIRuntime(
      program: options.runtime ?? standard, folder: folder + "/.runtime", box: try BoxProgram(folder: folder),
      groups: RuntimeGroups(groups: groups, limits: .init()), patience: options.runtimePatience)
    try HostFile.makeFolders(runtime.folder, mode: 0o700)
    places = DoorPlaces([
      .command: .init(ofOne: options.commands.ofOne, all: options.commands.all),
      .log: .init(ofOne: options.logReaders.ofOne, all: options.logReaders.all),
      .order: .init(ofOne: options.orders.ofOne, all: options.orders.all),
      .connection: .init(ofOne: options.connections.ofOne, all: options.connections.all),
      .visit: .init(ofOne: options.visits.ofOne, all: options.visits.all),
    ])
    fence = try GenerationFence(folder: folder + "/.fences")
    self.volumes = volumes
    self.clock = clock
    self.options = options
    self.log = log
    admitOnlyOwners()
  }

  /// Containers of earlier versions could be looked into by every user of the host.
  private func admitOnlyOwners() {
    for name in (try? HostFile.names(in: folder)) ?? [] {  // What cannot be listed is said by every verb.
      guard let lease = LeaseID(name) else { continue }
      do throws(DriverError) {
        guard let record = try ContainerRecord.read(bundle(lease).record) else { continue }
        try bundle(lease).admitOnly(record.spec.uidBase)
      } catch {
        // Each start of a container does it again; a damaged one must not keep the others from being served.
        log.warning("container not closed to the host's users", metadata: ["lease": "\(lease)", "error": "\(error)"])
      }
    }
  }

  /// FNV-1a: tells folders apart, keeps no secret.
  private static func digest(of text: String) -> String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  func bundle(_ lease: LeaseID) -> Bundle { Bundle(lease: lease, folder: "\(folder)/\(lease)") }

  /// Frozen, killed and counted as one; its counters go on when the container is started again.
  func group(_ lease: LeaseID) -> Cgroup { groups.child("\(lease)") }

  /// The runtime's own, made anew by it with each start. Once it is there, the container was started since the host was.
  func runGroup(_ lease: LeaseID) -> Cgroup { group(lease).child("run") }

  /// Holds the lease for something that no generation speaks of (a renter's start or stop).
  func exclusively<Value: Sendable>(
    _ lease: LeaseID, as verb: String, body: (ContainerRecord) async throws(DriverError) -> Value
  ) async throws(DriverError) -> Value {
    _ = try made(lease, verb)
    let generation = try fence.record(of: lease).generation
    return try await fence.exclusively(lease, generation, .act, as: verb) { () async throws(DriverError) in
      try await body(try made(lease, verb))
    }
  }

  /// - Throws: `.absent` when there is no such container, or none that is whole.
  func made(_ lease: LeaseID, _ verb: String) throws(DriverError) -> ContainerRecord {
    guard let record = try ContainerRecord.read(bundle(lease).record), record.stage == .made else {
      throw DriverError(.absent, attempted: "\(verb) \(lease)", words: "there is no such container")
    }
    return record
  }
}
