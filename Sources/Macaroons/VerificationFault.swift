/// Why a macaroon does not hold under a key.
public enum VerificationFault: Error, Hashable, Sendable {
  /// The chain does not end in the signature: another key, or something was changed, taken out or put in.
  case forged
  /// The chain is genuine, and no discharge was shown for a third-party caveat.
  case undischarged
  /// A third-party caveat does not carry a key that opens under its place in the chain.
  case sealedKey
  /// A discharge is not signed with the key of its caveat, or bound to another macaroon: the two cannot be told apart.
  case dischargeForged
  /// A discharge is genuine, and not bound to the macaroon it is shown with.
  case dischargeUnbound
  /// A discharge was shown that no caveat asks for.
  case dischargeUnused
  /// Two discharges answer to one caveat, or one to two.
  case dischargeRepeated
  /// A discharge asks, by a third-party caveat of its own, for itself.
  case dischargeCycle
  /// More than ``Macaroon/maximumDischarges`` were shown.
  case tooManyDischarges
  /// Discharges ask for discharges more than ``Macaroon/maximumDepth`` deep.
  case tooDeep

  /// A stable code for logs, metrics and problem documents.
  public var reason: String {
    switch self {
    case .forged: "macaroon-forged"
    case .undischarged: "third-party-undischarged"
    case .sealedKey: "third-party-key-unreadable"
    case .dischargeForged: "discharge-forged"
    case .dischargeUnbound: "discharge-unbound"
    case .dischargeUnused: "discharge-unused"
    case .dischargeRepeated: "discharge-repeated"
    case .dischargeCycle: "discharge-cycle"
    case .tooManyDischarges: "discharges-too-many"
    case .tooDeep: "discharges-too-deep"
    }
  }
}
