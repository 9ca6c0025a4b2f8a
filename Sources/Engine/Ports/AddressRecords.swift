import L402
import Leasing
import Ledger
import Units

/// An address of a lease (a capability URL): which lease a request there is about, and how much a challenge there may
/// give. The secret itself is kept nowhere.
public struct LeaseAddress: Hashable, Sendable {
  /// Its name; everything that was bought there descends from it.
  public var token: TokenID
  public var lease: LeaseID
  public var kind: Kind
  /// The payment of whoever made it.
  public var paymentHash: PaymentHash
  public var capabilities: Capabilities
  /// The file or folder it is narrowed to, as it was given; `nil`: all there is.
  public var path: String?
  /// The variant of its offer that the lease was sold as.
  public var soldAs: String?
  public var createdAt: Instant

  public init(
    token: TokenID, lease: LeaseID, kind: Kind, paymentHash: PaymentHash, capabilities: Capabilities, path: String?,
    soldAs: String?, createdAt: Instant
  ) {
    self.token = token
    self.lease = lease
    self.kind = kind
    self.paymentHash = paymentHash
    self.capabilities = capabilities
    self.path = path
    self.soldAs = soldAs
    self.createdAt = createdAt
  }
}

/// A request that came by an address: where its paths begin.
public struct AddressedDoor: Hashable, Sendable {
  /// What stands before every address.
  public static let prefix = "/d"

  /// Where the paths behind an address begin: `/d/{secret}`.
  public static func base(of secret: String) -> String { "\(prefix)/\(secret)" }

  /// The address in the path, a secret.
  public var secret: String
  public var address: LeaseAddress

  public init(secret: String, address: LeaseAddress) {
    self.secret = secret
    self.address = address
  }
}
