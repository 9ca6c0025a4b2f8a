extension Macaroon {
  /// How many discharges a verification looks at.
  public static let maximumDischarges = 32

  /// How deep discharges may ask for discharges: 1 is those that the macaroon itself asks for.
  public static let maximumDepth = 8

  /// The same macaroon with a third-party caveat at its end: it is good only together with a discharge that whoever
  /// knows `rootKey` makes. Needs no key of the macaroon: anybody who holds one can.
  ///
  /// Bind no discharges before the last caveat is added: they are bound to the end of the chain.
  ///
  /// - Parameters:
  ///   - identifier: tells the third party what to check; any bytes that it understands. It should also tell it, and
  ///     nobody else, the root key (by encryption, or by naming one agreed upon before).
  ///   - location: a hint where the third party lives, never signed; empty for none.
  ///   - rootKey: the discharge's, fresh and random; any length.
  public func adding(thirdParty identifier: [UInt8], location: String, rootKey: [UInt8]) -> Macaroon {
    adding(
      thirdParty: identifier, location: location, rootKey: rootKey,
      nonce: Array(Bytes32.random().array.prefix(SealedKey.nonceCount)))
  }

  func adding(thirdParty identifier: [UInt8], location: String, rootKey: [UInt8], nonce: [UInt8]) -> Macaroon {
    let sealed = SealedKey.seal(MacaroonKey.derive(rootKey), under: signature, nonce: nonce)
    return appending(identifier: identifier, location: location, verification: sealed)
  }

  /// The discharge of a third-party caveat, as the third party makes it once it is satisfied. The holder binds it to
  /// the macaroon it is shown with: ``bound(to:)``.
  ///
  /// - Parameters:
  ///   - identifier: the caveat's.
  ///   - location: a hint, never signed; empty for none.
  ///   - rootKey: the caveat's.
  ///   - caveats: what the third party in turn demands, in order; first-party ones.
  public static func discharge(
    of identifier: [UInt8], location: String = "", rootKey: [UInt8], caveats: [[UInt8]] = []
  ) -> Macaroon {
    Macaroon(location: location, identifier: identifier, caveats: caveats, key: MacaroonKey(rootKey: rootKey))
  }

  /// This discharge, to be shown together with `primary` and with nothing else. Whoever sees it bound cannot add to
  /// it, nor bind it to another macaroon.
  ///
  /// All discharges are bound to the first macaroon, those of other discharges' caveats as well.
  public func bound(to primary: Macaroon) -> Macaroon {
    signed(Signing.binding(signature, to: primary.signature))
  }
}
