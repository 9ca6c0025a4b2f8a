import Engine
import Units

/// Where a host keeps the volumes of disk leases, and how.
public struct DiskConfiguration: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable, CaseIterable {
    /// btrfs where it works here, else an ext4 image for each volume; what was begun is kept to.
    case automatic
    case btrfs
    case ext4
  }

  public var method: Method
  /// The daemon's own folder on this host; an absolute path, made when missing. Pools and images lie in it.
  public var stateDirectory: String
  /// A folder on a btrfs that the provider has mounted. `nil`: we make a pool in a sparse image of our own.
  public var pool: String?
  /// What can be let in all, for a pool of our own. It can grow from start to start and never shrinks.
  public var size: ByteCount

  public init(
    method: Method = .automatic, stateDirectory: String, pool: String? = nil, size: ByteCount
  ) {
    self.method = method
    self.stateDirectory = stateDirectory
    self.pool = pool
    self.size = size
  }
}
