import Networks

/// What the provider has said of containers' networks.
public struct NetworkSettings: Sendable {
  /// Leases' addresses; nobody outside the host sees them.
  public var range: IPv4Range
  /// Name servers, which containers find in `/etc/resolv.conf`.
  public var resolvers: [IPv4Address] = []
  /// What containers do not reach either.
  public var closed: [IPv4Range] = []
  /// The first uid of the host's slot 0: addresses are reckoned from a lease's slot.
  public var uidBase: UInt32 = 0
  /// Connections that a lease may have under way at once.
  public var flows = 4_096

  public static let standardRange = "10.213.0.0/16"

  public init() {
    guard let range = IPv4Range(Self.standardRange) else { preconditionFailure("the standard range is none") }
    self.range = range
  }
}
