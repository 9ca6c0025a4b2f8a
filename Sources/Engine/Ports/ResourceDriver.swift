import Leasing
import Ledger
import Units

/// Makes, freezes, thaws, measures and destroys resources of one kind on one host.
///
/// Every verb is idempotent under `(lease, generation)` and fenced by it: a driver keeps the highest generation it has
/// seen beside the resource and acts under its lock; an older one is refused with `.fenced` and changes nothing.
/// "Already frozen", "not frozen" and "already gone" are success. One conformance suite in `TestKit` runs over every
/// driver.
public protocol ResourceDriver: Sendable {
  var kind: Kind { get }
  /// For logs and `doctor`: `btrfs`, `ext4`, `runc`, ….
  var name: String { get }

  /// Proves by trying that what this driver promises holds on this machine (a quota stops a write, a limit limits).
  func probe() async throws(DriverError)

  /// Makes it, ready for use; finds it made when asked again, and then gives it the size and settings of `spec`.
  func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError)

  /// No processor time, no writes; data kept.
  func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError)

  /// Runs again, with the size of `spec`.
  ///
  /// - Throws: `.noSpace` as ``resize(_:generation:)``; it stays suspended then.
  func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError)

  /// Gives it another size while it runs.
  ///
  /// - Throws: `.noSpace` when it would be smaller than what is stored in it, or the host has no room; it is as large as
  ///   it was then.
  func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError)

  /// Destroys and erases, leaves nothing on the host, and returns when the space is free again. The receipt says how
  /// the data was erased. The generation is remembered, so that a late `provision` does not bring it back.
  func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt

  func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus

  /// Everything on the host that bears this platform's mark. What is not listed is not proved gone.
  func list() async throws(DriverError) -> [ResourceStatus]

  /// Counters of every resource at once, or of the ones asked for.
  func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement]
}

/// What a driver must know to make a resource.
public struct ResourceSpec: Hashable, Sendable, Codable {
  public var lease: LeaseID
  public var resources: Resources
  /// The lease owns the 65,536 uids that begin here; a container's root is the first, and WebDAV writes as it.
  public var uidBase: UInt32
  /// Compute only.
  public var image: ImageReference?
  /// Empty: the image's own.
  public var command: [String]
  public var environment: [String: String]
  /// A disk lease to mount at `/disk`, on the same host and uid range.
  public var disk: LeaseID?
  /// Whether that is mounted read-only; `nil`: it is not.
  public var diskIsReadOnly: Bool?
  /// What becomes of the container when its command ends; `nil`: it stays ended.
  public var restart: RestartPolicy?
  /// Of a container; `nil`: none but its own loopback.
  public var network: ContainerNetwork?

  /// ``disk`` and ``diskIsReadOnly``.
  public var attached: AttachedDisk? {
    get { disk.map { AttachedDisk(lease: $0, isReadOnly: diskIsReadOnly ?? false) } }
    set {
      disk = newValue?.lease
      diskIsReadOnly = newValue?.isReadOnly
    }
  }

  public init(
    lease: LeaseID, resources: Resources, uidBase: UInt32, image: ImageReference? = nil, command: [String] = [],
    environment: [String: String] = [:], disk: LeaseID? = nil, diskIsReadOnly: Bool? = nil,
    restart: RestartPolicy? = nil, network: ContainerNetwork? = nil
  ) {
    self.lease = lease
    self.resources = resources
    self.uidBase = uidBase
    self.image = image
    self.command = command
    self.environment = environment
    self.disk = disk
    self.diskIsReadOnly = diskIsReadOnly
    self.restart = restart
    self.network = network
  }
}

public struct ImageReference: Hashable, Sendable, Codable {
  public var name: String
  /// `sha256:` and 64 hex digits.
  public var digest: String
  /// Where its root file system lies on this host.
  public var path: String

  public init(name: String, digest: String, path: String) {
    self.name = name
    self.digest = digest
    self.path = path
  }
}

public struct ResourceStatus: Hashable, Sendable {
  public enum Phase: String, Hashable, Sendable {
    /// Nothing of it is on the host (an explicit finding, not silence).
    case absent
    case running
    case suspended
    /// The container's process has ended; it can be started again.
    case stopped
    /// Half made or half destroyed.
    case partial
  }
  public var lease: LeaseID
  public var phase: Phase
  /// The highest generation this host has acted on; 0 when none.
  public var generation: Int64

  public init(lease: LeaseID, phase: Phase, generation: Int64) {
    self.lease = lease
    self.phase = phase
    self.generation = generation
  }
}

/// How a resource's data was erased.
public struct ErasureReceipt: Hashable, Sendable, Codable {
  public enum Method: String, Hashable, Sendable, Codable {
    /// Blocks were overwritten before they were freed.
    case overwritten
    /// Blocks were freed and discarded; the file system no longer maps them.
    case discarded
    /// There was nothing.
    case absent
  }
  public var method: Method
  public var detail: String

  public init(method: Method, detail: String) {
    self.method = method
    self.detail = detail
  }
}

/// One reading of a resource's meters.
public struct Measurement: Hashable, Sendable {
  public var lease: LeaseID
  /// Rises when counters start anew (a container started again).
  public var incarnation: Int64
  public var at: Instant
  /// Cumulative since the incarnation began: `cpu` in microseconds.
  public var counters: [Meter: Int64]
  /// Levels at this moment, in bytes: `memory`, `disk`. The sampler integrates them over time.
  public var levels: [Meter: Int64]

  public init(
    lease: LeaseID, incarnation: Int64, at: Instant, counters: [Meter: Int64], levels: [Meter: Int64]
  ) {
    self.lease = lease
    self.incarnation = incarnation
    self.at = at
    self.counters = counters
    self.levels = levels
  }
}

public struct DriverError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable {
    /// A newer generation has acted already.
    case fenced
    /// The host has no room, whatever the books say.
    case noSpace
    /// What the lease asks for is not on this host (an image, an attached disk).
    case unavailable
    /// There is no such resource.
    case absent
    /// The container's process has ended, by itself or because somebody stopped it; it can be started again.
    case stopped
    /// Nothing in the container listens on that port.
    case refused
    /// Something listens there and takes no connection in time.
    case silent
    /// As many of these are under way as may be at once.
    case tooMany
    /// The renter's own programs keep us from it (a lease on a file, a log that is being written over); later it may go.
    case busy
    /// The container's command could not be started, for a reason that lies in the image or the command.
    case cannotStart
    /// A program of the host did not end in time, and was killed.
    case timedOut
    /// A tool or the kernel failed; trying again may help.
    case failed
  }
  public var kind: Kind
  public var attempted: String
  public var words: String

  public init(_ kind: Kind, attempted: String, words: String) {
    self.kind = kind
    self.attempted = attempted
    self.words = words
  }

  public var description: String { "\(attempted): \(kind.rawValue): \(words)" }
}
