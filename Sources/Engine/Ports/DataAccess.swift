import Leasing
import Ledger
import Synchronization
import Units

/// Where the files of a disk lease lie on this host, for the door that serves them. Renters are hostile: whoever opens
/// one of their files opens it beneath `root`.
public protocol VolumeAccess: Sendable {
  /// - Throws: `.absent` when there is none, `.failed` while it is suspended.
  func volume(of lease: LeaseID) async throws(DriverError) -> Volume
  /// Bytes used and allowed, from the quota and not from the pool.
  func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage
}

public struct Volume: Hashable, Sendable {
  /// An absolute path; the root of the renter's tree.
  public var root: String
  /// New files belong to it.
  public var uid: UInt32
  public var gid: UInt32

  public init(root: String, uid: UInt32, gid: UInt32) {
    self.root = root
    self.uid = uid
    self.gid = gid
  }
}

public struct VolumeUsage: Hashable, Sendable {
  public var used: ByteCount
  public var limit: ByteCount

  public init(used: ByteCount, limit: ByteCount) {
    self.used = used
    self.limit = limit
  }
}

/// A disk lease as it is mounted at `/disk` in a container.
public struct AttachedDisk: Hashable, Sendable, Codable {
  public var lease: LeaseID
  public var isReadOnly: Bool

  public init(lease: LeaseID, isReadOnly: Bool) {
    self.lease = lease
    self.isReadOnly = isReadOnly
  }
}

/// Running things in a container and reading what it said.
public protocol ContainerAccess: Sendable {
  /// Runs a command and streams its output; the last element is the end, and comes when the command has ended, whatever
  /// it leaves running. Dropping the sequence kills the command with everything it has started.
  ///
  /// - Throws: `.absent` when there is no container, `.stopped` when it does not run, `.failed` when it is suspended,
  ///   `.tooMany` when as many run as may.
  func exec(
    _ command: ExecCommand, input: ExecInput, in lease: LeaseID
  ) async throws(DriverError) -> AsyncThrowingStream<ExecOutput, any Error>

  /// What the container wrote, oldest first: a part of what is kept, then, when `follow`, what comes. It ends with the
  /// container, and where what would come next is kept no longer.
  ///
  /// - Throws: `.tooMany` when as many are read as may be; `.busy` while the container keeps us from its log.
  func logs(of lease: LeaseID, _ part: LogPart, follow: Bool) async throws(DriverError) -> ContainerLog

  /// Gives a container another disk, or none, so that nothing in it reaches what it had: whatever it had open through
  /// the old mount has ended when this returns. A running container is stopped for it and started again.
  ///
  /// Idempotent: success at once where it has exactly this one.
  ///
  /// - Throws: `.absent` when there is no container.
  func setDisk(_ disk: AttachedDisk?, of lease: LeaseID) async throws(DriverError)

  /// Opens a connection to a port that something in the container listens on, at the loopback there.
  ///
  /// - Parameter visitor: strangers take places of their own, and leave the holder his.
  /// - Throws: `.absent` when there is no container, `.stopped` when nothing runs in it, `.failed` when it is suspended,
  ///   `.refused` when nothing listens, `.silent` when what listens takes nobody in, `.tooMany` when as many are open
  ///   as may be.
  func connect(
    to port: UInt16, in lease: LeaseID, as visitor: PortVisitor
  ) async throws(DriverError) -> PortConnection

  /// How the container's command stands; `nil` while nothing is known of it, as while it is being made.
  func commandState(of lease: LeaseID) async throws(DriverError) -> CommandState?

  /// Starts the container's command again; success when it runs.
  func start(_ lease: LeaseID) async throws(DriverError)
  /// Ends the container's processes, keeping its files; success when it does not run.
  func stop(_ lease: LeaseID) async throws(DriverError)

  /// Starts again what has ended by itself and is to be started again by now. Never what is suspended or was stopped by
  /// somebody. One that cannot be started waits for its next turn, and holds up no other.
  ///
  /// - Returns: which were started.
  @discardableResult func restartEnded() async -> [LeaseID]
}

/// A connected socket to a port of a container, and the right to have one: kept as long as the connection is open.
public final class PortConnection: Sendable {
  private let number: Mutex<Int32?>
  private let end: @Sendable (_ number: Int32?) -> Void

  /// - Parameter end: called once, with the descriptor where nobody has taken it: it is to be closed.
  public init(_ number: Int32, end: @escaping @Sendable (_ number: Int32?) -> Void) {
    self.number = Mutex(number)
    self.end = end
  }

  /// The descriptor, not blocking, for whoever asks first; it is theirs to close.
  public func take() -> Int32? {
    number.withLock { number in
      defer { number = nil }
      return number
    }
  }

  deinit { end(take()) }
}

/// What of a log is wanted.
public enum LogPart: Hashable, Sendable {
  /// The last so many lines; `nil`: all that is kept.
  case tail(Int?)
  /// All from a position on; not negative.
  case from(Int64)
}

/// What a container wrote, without a gap.
public struct ContainerLog: Sendable {
  /// Of its first byte, or of the one that comes next: so many were written before it since the container was made. Later
  /// than the one that was asked for where that is kept no longer, and earlier where the renter has begun the log anew.
  public var position: Int64
  public var output: AsyncThrowingStream<[UInt8], any Error>

  public init(position: Int64, output: AsyncThrowingStream<[UInt8], any Error>) {
    self.position = position
    self.output = output
  }
}

/// How a container's command stands.
public struct CommandState: Hashable, Sendable {
  public enum Command: Hashable, Sendable {
    case running
    /// Somebody ended it, and may start it again.
    case stopped
    /// It has ended by itself: with this code (128 + signal when it was killed), `nil` where that is not known.
    case ended(code: Int32?, outOfMemory: Bool)
  }
  public var command: Command
  public var restart: RestartPolicy
  /// How often the policy has started it again so far.
  public var restarts: Int64
  /// When that happens next, as far as is known.
  public var restartsAt: Instant?

  public init(
    _ command: Command, restart: RestartPolicy = .never, restarts: Int64 = 0, restartsAt: Instant? = nil
  ) {
    self.command = command
    self.restart = restart
    self.restarts = restarts
    self.restartsAt = restartsAt
  }
}

public struct ExecCommand: Hashable, Sendable {
  public var arguments: [String]
  public var environment: [String: String]
  /// At most so long; `nil`: as long as the request lives.
  public var timeout: Seconds?

  public init(arguments: [String], environment: [String: String] = [:], timeout: Seconds? = nil) {
    self.arguments = arguments
    self.environment = environment
    self.timeout = timeout
  }
}

/// What a command reads from its standard input.
public enum ExecInput: Sendable {
  /// Its end, at once.
  case none
  case bytes([UInt8])
  /// Pieces of at most some hundred kilobytes, asked for one at a time as the command takes them; `nil` is the end. A
  /// failure ends the command.
  case stream(@Sendable () async throws -> [UInt8]?)

  public var isNone: Bool {
    if case .none = self { true } else { false }
  }
}

extension ContainerAccess {
  /// What the container wrote, for whom its positions are nothing.
  public func logs(
    of lease: LeaseID, tail: Int?, follow: Bool
  ) async throws(DriverError) -> AsyncThrowingStream<[UInt8], any Error> {
    try await logs(of: lease, .tail(tail), follow: follow).output
  }

  /// A command that is given nothing to read.
  public func exec(
    _ command: ExecCommand, in lease: LeaseID
  ) async throws(DriverError) -> AsyncThrowingStream<ExecOutput, any Error> {
    try await exec(command, input: .none, in: lease)
  }
}

public enum ExecOutput: Hashable, Sendable {
  case standardOutput([UInt8])
  case standardError([UInt8])
  /// 128 + signal for a command that was killed.
  case exited(code: Int32)
  case failed(reason: String)
}
