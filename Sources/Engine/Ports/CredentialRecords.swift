import L402
import Leasing
import Ledger
import Units

/// A minted macaroon, by its token id. The macaroon itself is kept nowhere.
public struct TokenRecord: Hashable, Sendable {
  /// What it was minted for.
  public enum Purpose: String, Hashable, Sendable, CaseIterable {
    /// An invoice's.
    case challenge
    /// Another name for its parent's holder, because the parent's epoch is not minted in any more.
    case swap
    /// Lent by whoever holds the lease's own credential.
    case loan
    /// Lent on by whoever was lent one, or narrowed one.
    case subloan
    /// The one that was left when all others were revoked.
    case rotation
    /// An address's: the challenges there are minted from it.
    case address
    /// A contact's: what its notices link to is minted from it, and can do nothing but pay. Outlives a rotation.
    case contact
  }

  public var id: TokenID
  public var lease: LeaseID
  public var parent: TokenID?
  public var paymentHash: PaymentHash
  public var capabilities: String
  public var createdAt: Instant
  public var revokedAt: Instant?
  public var mintedFor: Purpose
  public init(
    id: TokenID, lease: LeaseID, parent: TokenID?, paymentHash: PaymentHash, capabilities: String, createdAt: Instant,
    revokedAt: Instant? = nil, mintedFor: Purpose = .challenge
  ) {
    self.id = id
    self.lease = lease
    self.parent = parent
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.createdAt = createdAt
    self.revokedAt = revokedAt
    self.mintedFor = mintedFor
  }
}

public struct IdempotencyRecord: Hashable, Sendable {
  /// Client address and route, or the credential's lease and route.
  public var scope: String
  public var key: String
  /// Hex of the SHA-256 of the canonical body.
  public var bodyHash: String
  public var lease: LeaseID
  public var at: Instant
  public init(scope: String, key: String, bodyHash: String, lease: LeaseID, at: Instant) {
    self.scope = scope
    self.key = key
    self.bodyHash = bodyHash
    self.lease = lease
    self.at = at
  }
}
