import L402
import Macaroons
import Units

/// One epoch of the master key, as all daemons of a store know it. The key itself is in no store.
public struct KeyEpoch: Hashable, Sendable {
  public var epoch: UInt16
  /// Says whether two daemons have the same key, and nothing about it.
  public var fingerprint: Bytes32
  public var createdAt: Instant
  /// From when on new credentials are minted in it.
  public var mintsFrom: Instant
  /// Its credentials open nothing from then on.
  public var retiredAt: Instant?

  public init(
    epoch: UInt16, fingerprint: Bytes32, createdAt: Instant, mintsFrom: Instant, retiredAt: Instant? = nil
  ) {
    self.epoch = epoch
    self.fingerprint = fingerprint
    self.createdAt = createdAt
    self.mintsFrom = mintsFrom
    self.retiredAt = retiredAt
  }
}

/// An epoch as the operator sees it.
public struct KeyEpochView: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// New credentials are minted in it.
    case minting
    /// Known to all, and minted in from `mintsFrom` on.
    case coming
    /// Its credentials serve; new ones are minted in a later epoch.
    case serving
    case retired
  }
  public var key: KeyEpoch
  public var state: State
  /// Unrevoked credentials of leases that have not closed: what retiring it would shut out.
  public var credentials: Int64

  public init(key: KeyEpoch, state: State, credentials: Int64) {
    self.key = key
    self.state = state
    self.credentials = credentials
  }
}
