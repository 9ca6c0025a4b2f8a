import Macaroons

/// A genuine, unrevoked macaroon shown without its preimage, by somebody who asks for it. Opens nothing.
public struct VerifiedClaim: Hashable, Sendable {
  public let token: TokenID
  public let paymentHash: PaymentHash
  /// The lease's id, as text.
  public let lease: String

  init(identifier: Identifier, lease: String) {
    token = identifier.token
    paymentHash = identifier.paymentHash
    self.lease = lease
  }
}
