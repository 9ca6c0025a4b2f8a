import L402
import Leasing
import Ledger
import Units

/// A minted macaroon, by its token id. The macaroon itself is kept nowhere.
public struct TokenRecord: Hashable, Sendable {
  public var id: TokenID
  public var lease: LeaseID
  public var parent: TokenID?
  public var paymentHash: PaymentHash
  public var capabilities: String
  public var createdAt: Instant
  public var revokedAt: Instant?
  public init(
    id: TokenID, lease: LeaseID, parent: TokenID?, paymentHash: PaymentHash, capabilities: String, createdAt: Instant,
    revokedAt: Instant? = nil
  ) {
    self.id = id
    self.lease = lease
    self.parent = parent
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.createdAt = createdAt
    self.revokedAt = revokedAt
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
