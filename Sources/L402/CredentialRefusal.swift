import Macaroons

/// Why a credential is none: always `401`, never with an invoice, because paying does not mend it.
public enum CredentialRefusal: Error, Hashable, Sendable {
  /// The `Authorization` header has not the form `L402 <macaroon>[,<macaroon>…]:<preimage>`.
  case badHeader
  /// What should be a macaroon is none, its identifier is not 66 bytes of version 0, or its first four caveats are
  /// not the minted four.
  case malformed
  /// The preimage does not hash to the payment hash, or is absent where one is needed.
  case wrongPreimage
  /// Nobody was given this user name, or it has another password.
  case wrongPassword
  /// The token, or one it was minted from, was revoked.
  case revoked
  /// The token's epoch is unknown or retired.
  case retired
  /// The chain does not end in the signature.
  case forged
  /// There is a third-party caveat, and no discharge for it.
  case undischarged
  /// A discharge does not hold, or nobody asked for it.
  case discharge(VerificationFault)
  /// A repeated condition allows more than the one before it, or a discharge contradicts the rest.
  case widened(Condition)
  /// A condition has a value that cannot be read.
  case malformedCaveat(Condition)
  /// A condition that we do not know, whoever's it is: it restricts something, and a narrowing that is skipped lies.
  case unknownCaveat

  /// A stable code for problem documents and metrics.
  public var reason: String {
    switch self {
    case .badHeader: "bad-header"
    case .malformed: "credential-malformed"
    case .wrongPreimage: "wrong-preimage"
    case .wrongPassword: "wrong-password"
    case .revoked: "credential-revoked"
    case .retired: "credential-retired"
    case .forged: "credential-forged"
    case .undischarged: "third-party-undischarged"
    case .discharge(let fault): fault.reason
    case .widened: "caveat-widened"
    case .malformedCaveat: "caveat-malformed"
    case .unknownCaveat: "unknown-caveat"
    }
  }

  /// The condition at fault, where there is one.
  public var condition: Condition? {
    switch self {
    case .widened(let condition), .malformedCaveat(let condition): condition
    case .badHeader, .malformed, .wrongPreimage, .wrongPassword, .revoked, .retired, .forged, .undischarged,
      .discharge, .unknownCaveat:
      nil
    }
  }
}
