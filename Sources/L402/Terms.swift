import Macaroons

/// What the caveats of a credential say, taken together.
struct Terms: Sendable {
  private(set) var mintedTier = 0
  private(set) var mintedCapabilities: Capabilities = []
  private(set) var mintedValidUntil: Int64 = 0
  private(set) var mintedVariant: ArraySlice<UInt8>?
  /// The holder's first and last own bound: the first must stay within whatever is minted in front of it.
  private(set) var firstHolderValidUntil: Int64?
  private(set) var holderValidUntil: Int64?
  private(set) var bounds = Bounds()

  /// Reads every first-party caveat, the minted ones by their position.
  init(reading macaroon: Macaroon) throws(CredentialRefusal) {
    var position = 0
    try macaroon.forEachCaveat { range, isThirdParty, bytes throws(CredentialRefusal) in
      if position < Condition.mintedCount {
        guard !isThirdParty else { throw .malformed }
        try minted(range, of: macaroon.wire, bytes, at: position)
      } else if !isThirdParty {
        try later(range, of: macaroon.wire, bytes, at: position)
      }
      position += 1
    }
    guard position >= Condition.mintedCount else { throw .malformed }
  }

  /// Reads the discharges as well. What they say holds beside what the macaroon says: a third party does not know
  /// what a holder added, so it may say something wider, and the narrower of the two decides.
  init(reading macaroon: Macaroon, discharges: [Macaroon]) throws(CredentialRefusal) {
    try self.init(reading: macaroon)
    for discharge in discharges {
      var own = Bounds()
      try discharge.forEachCaveat { range, isThirdParty, bytes throws(CredentialRefusal) in
        if !isThirdParty { try own.read(range, of: discharge.wire, bytes) }
      }
      if let failed = bounds.intersect(own) { throw .widened(failed) }
      if let bound = own.validUntil { holderValidUntil = min(bound, holderValidUntil ?? bound) }
    }
  }

  private mutating func minted(
    _ range: Range<Int>, of wire: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) throws(CredentialRefusal) {
    guard case .ours(let condition, let start) = Condition.read(UnsafeBufferPointer(rebasing: bytes[range])) else {
      throw .malformed
    }
    let range = range.lowerBound + start..<range.upperBound
    let value = UnsafeBufferPointer(rebasing: bytes[range])
    switch (position, condition) {
    case (0, .services):
      mintedTier = try Bounds.tier(value)
      bounds.tier = mintedTier
    case (1, .capabilities):
      guard let list = Capabilities(listBytes: value) else { throw .malformed }
      mintedCapabilities = list
      bounds.capabilities = list
    case (2, .lease):
      guard !value.isEmpty else { throw .malformed }
      bounds.lease = wire[range]
    case (3, .validUntil):
      mintedValidUntil = try Bounds.number(value, .validUntil)
      bounds.validUntil = mintedValidUntil
    case (_, .services), (_, .capabilities), (_, .lease), (_, .validUntil), (_, .variant), (_, .path), (_, .method),
      (_, .source), (_, .maxMsat), (_, .port):
      throw .malformed
    }
  }

  private mutating func later(
    _ range: Range<Int>, of wire: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, at position: Int
  ) throws(CredentialRefusal) {
    switch try bounds.read(range, of: wire, bytes) {
    case .variant where position == Condition.mintedCount:
      mintedVariant = bounds.variant
    case .validUntil:
      firstHolderValidUntil = firstHolderValidUntil ?? bounds.validUntil
      holderValidUntil = bounds.validUntil
    default: break
    }
  }

  /// The lease's id, as text.
  var lease: String { String(decoding: bounds.lease ?? [], as: UTF8.self) }

  var variant: String? { bounds.variant.map { String(decoding: $0, as: UTF8.self) } }
}
