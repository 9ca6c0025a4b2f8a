import Macaroons

extension MasterKeyring {
  /// The location in every macaroon of ours. A hint, never signed.
  public static let location = "leasehold"

  /// Mints a macaroon: the minted four and the variant, then further caveats as they are.
  ///
  /// - Parameters:
  ///   - paymentHash: of the invoice that pays for it.
  ///   - token: its name; its epoch chooses the key.
  ///   - caveats: the minted four, and the variant.
  ///   - later: what narrows it further, in order.
  /// - Throws: ``CredentialRefusal/retired`` for a token of an unknown epoch; the refusals of caveats (`widened`,
  ///   `malformedCaveat`, `unknownCaveat`) when the credential could never be used.
  public func mint(
    paymentHash: PaymentHash, token: TokenID, caveats: MintedCaveats, then later: [String] = []
  ) throws(CredentialRefusal) -> Macaroon {
    try mint(paymentHash: paymentHash, token: token, caveats: caveats, then: later.map { Array($0.utf8) })
  }

  func mint(
    paymentHash: PaymentHash, token: TokenID, caveats: MintedCaveats, then later: [[UInt8]]
  ) throws(CredentialRefusal) -> Macaroon {
    let macaroon = Macaroon(
      location: MasterKeyring.location,
      identifier: Identifier(paymentHash: paymentHash, token: token).bytes,
      caveats: caveats.caveats.map { Array($0.utf8) } + later,
      key: try key(for: token))
    _ = try Terms(reading: macaroon)
    return macaroon
  }
}
