import Macaroons

extension PresentedCredential {
  /// Checks the credential, cheapest question first: preimage, revocation, chain, caveats.
  ///
  /// An expired one is genuine, and returned with its ``VerifiedCredential/expiry``: what may be done with it is the
  /// route's to say.
  ///
  /// - Parameters:
  ///   - keyring: the master keys.
  ///   - now: seconds since 1970.
  ///   - isRevoked: whether a token is revoked; asked before the chain is computed.
  public func verified(
    by keyring: MasterKeyring, at now: Int64, isRevoked: (TokenID) -> Bool
  ) throws(CredentialRefusal) -> VerifiedCredential {
    guard let preimage, preimage.paymentHash == identifier.paymentHash else { throw .wrongPreimage }
    try checkChain(by: keyring, isRevoked: isRevoked)
    return VerifiedCredential(self, terms: try Terms(reading: macaroon, discharges: discharges), at: now)
  }

  /// Checks a claim: as above, without a preimage, but for one payment.
  ///
  /// - Parameter paymentHash: the payment whose preimage is asked for. Another one's is ``CredentialRefusal/wrongPreimage``.
  public func verifiedClaim(
    of paymentHash: PaymentHash, by keyring: MasterKeyring, isRevoked: (TokenID) -> Bool
  ) throws(CredentialRefusal) -> VerifiedClaim {
    guard identifier.paymentHash == paymentHash else { throw .wrongPreimage }
    // Whoever has the preimage may ask as well, if it is the right one.
    if let preimage, preimage.paymentHash != paymentHash { throw .wrongPreimage }
    try checkChain(by: keyring, isRevoked: isRevoked)
    let terms = try Terms(reading: macaroon, discharges: discharges)
    return VerifiedClaim(identifier: identifier, lease: terms.lease)
  }

  private func checkChain(
    by keyring: MasterKeyring, isRevoked: (TokenID) -> Bool
  ) throws(CredentialRefusal) {
    guard !isRevoked(identifier.token) else { throw .revoked }
    let key = try keyring.key(for: identifier.token)
    // Not signed, and nothing follows from it; but a credential that was changed anywhere is not the one that was sold.
    guard hasOwnLocation else { throw .forged }
    do throws(VerificationFault) {
      try macaroon.verify(key, discharges: discharges)
    } catch {
      switch error {
      case .forged: throw .forged
      case .undischarged: throw .undischarged
      case .sealedKey, .dischargeForged, .dischargeUnbound, .dischargeUnused, .dischargeRepeated, .dischargeCycle,
        .tooManyDischarges, .tooDeep:
        throw .discharge(error)
      }
    }
  }

  /// Whether the macaroon says that it is good here, or says nothing.
  private var hasOwnLocation: Bool {
    guard let location = macaroon.location, !location.isEmpty else { return true }
    return location.elementsEqual(MasterKeyring.location.utf8)
  }
}
