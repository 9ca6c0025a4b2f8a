extension Macaroon {
  /// Checks that the chain from `key` over the identifier and every caveat ends in the signature, and that every
  /// third-party caveat has its discharge.
  ///
  /// Without third-party caveats it walks the wire bytes, allocates nothing, and compares in constant time. Says
  /// nothing about what first-party caveats demand, the discharges' among them: reading them is the caller's, *after*
  /// this has passed.
  ///
  /// - Parameters:
  ///   - key: of this macaroon.
  ///   - discharges: bound to this macaroon, in any order. Every one of them must be asked for, and be asked for once.
  /// - Throws: ``VerificationFault/forged`` before anything else is looked at; then what is wrong with a discharge.
  public func verify(_ key: MacaroonKey, discharges: [Macaroon] = []) throws(VerificationFault) {
    guard chain(from: key).equalsInConstantTime(signature) else { throw .forged }
    if layout.thirdPartyCount == 0, discharges.isEmpty { return }
    var walk = try DischargeWalk(primary: self, discharges: discharges)
    try walk.check(self, key: key, depth: 1)
    try walk.finish()
  }

  /// What the signature of these bytes should be.
  func chain(from key: MacaroonKey) -> Bytes32 {
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
