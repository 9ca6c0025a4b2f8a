import L402
import Macaroons
import Problems

extension ProblemCode {
  /// The word for a credential that is none: the one L402 has for it.
  init(_ refusal: CredentialRefusal) {
    self =
      switch refusal {
      case .badHeader: .badHeader
      case .malformed: .credentialMalformed
      case .wrongPreimage: .wrongPreimage
      case .wrongPassword: .wrongPassword
      case .revoked: .credentialRevoked
      case .retired: .credentialRetired
      case .forged: .credentialForged
      case .undischarged: .thirdPartyUndischarged
      case .discharge(let fault): ProblemCode(fault)
      case .widened: .caveatWidened
      case .malformedCaveat: .caveatMalformed
      case .unknownCaveat: .unknownCaveat
      }
  }

  private init(_ fault: VerificationFault) {
    self =
      switch fault {
      case .forged: .credentialForged
      case .undischarged: .thirdPartyUndischarged
      case .sealedKey: .thirdPartyKeyUnreadable
      case .dischargeForged: .dischargeForged
      case .dischargeUnbound: .dischargeUnbound
      case .dischargeUnused: .dischargeUnused
      case .dischargeRepeated: .dischargeRepeated
      case .dischargeCycle: .dischargeCycle
      case .tooManyDischarges: .dischargesTooMany
      case .tooDeep: .dischargesTooDeep
      }
  }

  init(_ refusal: PermissionRefusal) {
    self =
      switch refusal {
      case .capability: .narrowedCapability
      case .path: .narrowedPath
      case .method: .narrowedMethod
      case .source: .narrowedSource
      case .port: .narrowedPort
      case .amount: .narrowedAmount
      case .variant: .narrowedVariant
      case .expired: .narrowedExpired
      }
  }
}
