import Macaroons

/// Why a holder cannot change a credential so. Nothing was changed.
public enum NarrowingFault: Error, Hashable, Sendable {
  /// Every door would refuse the result: a condition that is wider than what is there, or that cannot be read.
  case refused(CredentialRefusal)
  /// Our doors pass over this caveat (a preimage), so it would not narrow. The text is the caveat's.
  case ineffective(String)
  /// Discharges are bound to the end of the chain: with one more caveat they would not hold.
  case bound
  /// No third-party caveat waits for this discharge.
  case notAwaited
  /// A caveat with this identifier is there already, and discharges are told apart by it.
  case identifierTaken

  /// A stable code.
  public var reason: String {
    switch self {
    case .refused(let refusal): refusal.reason
    case .ineffective: "caveat-ineffective"
    case .bound: "discharges-bound"
    case .notAwaited: "discharge-unused"
    case .identifierTaken: "third-party-identifier-taken"
    }
  }
}
