import COpenSSL

/// The chain of HMACs along a macaroon, one link a caveat.
struct Signing {
  private(set) var value: Bytes32

  init(key: MacaroonKey, identifier: [UInt8]) {
    value = identifier.withUnsafeBytes { key.derived.authenticate($0) }
  }

  init(key: MacaroonKey, identifier: UnsafeRawBufferPointer) {
    value = key.derived.authenticate(identifier)
  }

  init(continuing signature: Bytes32) {
    value = signature
  }

  mutating func firstParty(_ identifier: [UInt8]) {
    identifier.withUnsafeBytes { firstParty($0) }
  }

  mutating func firstParty(_ identifier: UnsafeRawBufferPointer) {
    value.withUnsafeMutableBytes {
      leasehold_hmac_link($0.assumingMemoryBound(to: UInt8.self).baseAddress, identifier.baseAddress, identifier.count)
    }
  }

  mutating func thirdParty(verification: [UInt8], identifier: [UInt8]) {
    verification.withUnsafeBytes { verification in
      identifier.withUnsafeBytes { thirdParty(verification: verification, identifier: $0) }
    }
  }

  mutating func thirdParty(verification: UnsafeRawBufferPointer, identifier: UnsafeRawBufferPointer) {
    value.withUnsafeMutableBytes {
      leasehold_hmac_link2(
        $0.assumingMemoryBound(to: UInt8.self).baseAddress, verification.baseAddress, verification.count,
        identifier.baseAddress, identifier.count)
    }
  }

  /// What the signature of a discharge becomes when it is bound: a link of both signatures under a key of zeros.
  static func binding(_ discharge: Bytes32, to primary: Bytes32) -> Bytes32 {
    var link = Signing(continuing: .zero)
    primary.withUnsafeBytes { primary in
      discharge.withUnsafeBytes { link.thirdParty(verification: primary, identifier: $0) }
    }
    return link.value
  }
}
