import Ledger
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

/// Running things in a container and reading what it said.
public protocol ContainerAccess: Sendable {
  /// Runs a command and streams its output; the last element is the end. Dropping the sequence kills the command.
  ///
  /// - Throws: `.absent` when there is no container, `.stopped` when it does not run, `.failed` when it is suspended.
  func exec(_ command: ExecCommand, in lease: LeaseID) async throws(DriverError) -> AsyncThrowingStream<
    ExecOutput, any Error
  >

  /// What the container wrote, oldest first: the last `tail` lines (`nil`: all that is kept), then, when `follow`,
  /// what comes.
  func logs(
    of lease: LeaseID, tail: Int?, follow: Bool
  ) async throws(DriverError) -> AsyncThrowingStream<[UInt8], any Error>

  /// Starts the container's command again; success when it runs.
  func start(_ lease: LeaseID) async throws(DriverError)
  /// Ends the container's processes, keeping its files; success when it does not run.
  func stop(_ lease: LeaseID) async throws(DriverError)
}

public struct ExecCommand: Hashable, Sendable {
  public var arguments: [String]
  public var environment: [String: String]
  public var standardInput: [UInt8]
  /// At most so long; `nil`: as long as the request lives.
  public var timeout: Seconds?

  public init(
    arguments: [String], environment: [String: String] = [:], standardInput: [UInt8] = [], timeout: Seconds? = nil
  ) {
    self.arguments = arguments
    self.environment = environment
    self.standardInput = standardInput
    self.timeout = timeout
  }
}

public enum ExecOutput: Hashable, Sendable {
  case standardOutput([UInt8])
  case standardError([UInt8])
  /// 128 + signal for a command that was killed.
  case exited(code: Int32)
  case failed(reason: String)
}
