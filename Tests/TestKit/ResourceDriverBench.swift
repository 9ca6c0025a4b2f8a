import Engine
import Ledger

/// A driver, and what a test must be able to do to it and to its host.
public protocol ResourceDriverBench: Sendable {
  /// The driver as it runs now.
  var driver: any ResourceDriver { get async throws }
  /// Something that this host can make, small and quick.
  func spec(_ lease: LeaseID) -> ResourceSpec
  /// The same lease with more.
  func larger(_ lease: LeaseID) -> ResourceSpec
  /// Everything of the lease that can be found on the host without asking the driver: paths, mounts, control groups,
  /// processes. The fence's file is not counted.
  func traces(of lease: LeaseID) async throws -> [String]
  /// Ways of leaving the host as a daemon does that is killed while it makes the resource.
  var halfMade: [HalfDone] { get }
  /// The same for one that is killed while it destroys a resource that was made.
  var halfDestroyed: [HalfDone] { get }
  /// Ends the driver without closing it and opens it again on the same state.
  func restart() async throws
}

public struct HalfDone: Sendable {
  public var name: String
  public var leave: @Sendable (ResourceSpec) async throws -> Void

  public init(_ name: String, leave: @escaping @Sendable (ResourceSpec) async throws -> Void) {
    self.name = name
    self.leave = leave
  }
}
