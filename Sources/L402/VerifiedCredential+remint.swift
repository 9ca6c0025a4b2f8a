import Macaroons

extension VerifiedCredential {
  /// Mints this credential anew, for a swap, a renewal challenge, or a friend: the minted four are replaced by
  /// position, every later caveat is copied as it stands, the variant among them, and nothing is allowed that was not
  /// allowed before.
  ///
  /// The capabilities are those this one was minted with, because the holder's own lists after them narrow *them*.
  /// For the same reason the minted bound is not put before a holder's own.
  ///
  /// - Parameters:
  ///   - token: the new name.
  ///   - paymentHash: of the invoice that pays for it; nil keeps this one's, so that the holder's preimage goes on
  ///     serving.
  ///   - validUntil: the new ceiling, in seconds since 1970.
  ///   - tier: nil keeps this one's.
  ///   - more: further caveats behind the copied ones.
  /// - Throws: ``CredentialRefusal/undischarged`` when there are third-party caveats; ``CredentialRefusal/retired``
  ///   for a token of an unknown epoch; the refusals of caveats when `more` widens, or is not understood.
  public func reminted(
    as token: TokenID, for paymentHash: PaymentHash? = nil, validUntil: Int64, tier: Int? = nil,
    adding more: [String] = [], by keyring: MasterKeyring
  ) throws(CredentialRefusal) -> Macaroon {
    guard !hasThirdParty else { throw .undischarged }
    let minted = MintedCaveats(
      tier: tier ?? terms.mintedTier, capabilities: mintedCapabilities, lease: lease,
      validUntil: max(validUntil, terms.firstHolderValidUntil ?? validUntil),
      variant: terms.mintedVariant.map { String(decoding: $0, as: UTF8.self) })
    let later = holderCaveats.map { Array($0.identifier) } + more.map { Array($0.utf8) }
    return try keyring.mint(paymentHash: paymentHash ?? self.paymentHash, token: token, caveats: minted, then: later)
  }
}
