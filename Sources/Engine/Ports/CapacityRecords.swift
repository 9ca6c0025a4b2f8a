import Leasing

/// A host's capacity for one kind; a dimension that is zero is not sold there.
public struct HostCapacity: Hashable, Sendable {
  public var host: String
  public var kind: Kind
  public var limit: Resources
  /// The first of the 65,536-uid slots the leases of this host own.
  public var uidBase: UInt32
  public init(host: String, kind: Kind, limit: Resources, uidBase: UInt32) {
    self.host = host
    self.kind = kind
    self.limit = limit
    self.uidBase = uidBase
  }
}

public struct Placement: Hashable, Sendable {
  public var host: String
  /// The first uid of the lease's own range.
  public var uidBase: UInt32
  public init(host: String, uidBase: UInt32) {
    self.host = host
    self.uidBase = uidBase
  }
}

public struct PoolLevel: Hashable, Sendable {
  public var host: String
  public var kind: Kind
  public var dimension: Resources.Dimension
  public var used: Int64
  public var limit: Int64
  public init(host: String, kind: Kind, dimension: Resources.Dimension, used: Int64, limit: Int64) {
    self.host = host
    self.kind = kind
    self.dimension = dimension
    self.used = used
    self.limit = limit
  }
}
