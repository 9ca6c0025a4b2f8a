extension Macaroon {
  /// Checks that the chain from `key` over the identifier and every caveat ends in the signature.
  ///
  /// Walks the wire bytes, allocates nothing, and compares in constant time. Says nothing about what the first-party
  /// caveats demand: reading them is the caller's, *after* this has passed.
  ///
  /// - Throws: ``VerificationFault/forged``; or, when the chain is genuine but has a third-party caveat,
  ///   ``VerificationFault/undischarged``.
  public func verify(_ key: MacaroonKey) throws(VerificationFault) {
    guard chain(from: key).equalsInConstantTime(signature) else { throw .forged }
    guard layout.thirdPartyCount == 0 else { throw .undischarged }
  }

  /// What the signature of these bytes should be.
  private func chain(from key: MacaroonKey) -> Bytes32 {
    wire.withUnsafeBufferPointer { wire in
      func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: wire[range]))
      }
      var signature = Signing(key: key, identifier: part(layout.identifier))
      var reader = PacketReader(wire, at: layout.caveatsStart)
      // The whole was read once when the macaroon was made: what is nil here is the end of the list. Were it not, a
      // caveat left out of the chain would make the signature wrong, not the check lax.
      while let caveat = try? reader.caveat() {
        if let verification = caveat.verification {
          signature.thirdParty(verification: part(verification), identifier: part(caveat.identifier))
        } else {
          signature.firstParty(part(caveat.identifier))
        }
      }
      return signature.value
    }
  }
}
