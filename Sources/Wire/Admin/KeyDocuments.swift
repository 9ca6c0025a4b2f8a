/// An epoch of the master key: `GET /admin/v1/keys`. Never the key.
public struct KeyEpochItem: Hashable, Sendable, SnakeCased {
  public var epoch: Int
  /// `minting`: new credentials are minted in it. `coming`: from `mints_from` on they will be. `serving`: its
  /// credentials open what they did. `retired`: they open nothing.
  public var state: String
  public var createdAt: Timestamp
  public var mintsFrom: Timestamp
  @Nullable public var retiredAt: Timestamp?
  /// Unrevoked credentials of leases that have not closed: what retiring it would shut out.
  public var credentials: Int64

  public init(
    epoch: Int, state: String, createdAt: Timestamp, mintsFrom: Timestamp, retiredAt: Timestamp? = nil,
    credentials: Int64
  ) {
    self.epoch = epoch
    self.state = state
    self.createdAt = createdAt
    self.mintsFrom = mintsFrom
    self.retiredAt = retiredAt
    self.credentials = credentials
  }
}

/// How many credentials were ended.
public struct RevokedDocument: Hashable, Sendable, Codable {
  public var revoked: Int

  public init(revoked: Int) {
    self.revoked = revoked
  }
}
