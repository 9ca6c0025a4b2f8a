/// One caveat of a macaroon, as slices of the macaroon's own bytes.
public struct Caveat: Hashable, Sendable {
  /// First-party: the predicate. Third-party: what tells the third party what to check.
  public let identifier: ArraySlice<UInt8>
  /// A hint where a third party lives. Never signed.
  public let location: ArraySlice<UInt8>?
  /// The third party's root key, encrypted under the chain. Its presence is what makes a caveat third-party.
  public let verification: ArraySlice<UInt8>?

  /// Whether somebody else must discharge it.
  public var isThirdParty: Bool { verification != nil }

  /// The identifier as text; nil when it is not UTF-8.
  public var text: String? { String(validating: identifier, as: UTF8.self) }
}

/// The caveats of a macaroon in order. Iterating allocates nothing.
public struct Caveats: Sequence, Sendable {
  let macaroon: Macaroon

  public struct Iterator: IteratorProtocol {
    private let wire: [UInt8]
    private var position: Int

    init(_ macaroon: Macaroon) {
      wire = macaroon.wire
      position = macaroon.layout.caveatsStart
    }

    public mutating func next() -> Caveat? {
      let start = position
      let packet = wire.withUnsafeBufferPointer { buffer -> CaveatPacket? in
        var reader = PacketReader(buffer, at: start)
        // The whole was read once when the macaroon was made: what is nil here is the end of the list.
        guard let packet = try? reader.caveat() else { return nil }
        position = reader.position
        return packet
      }
      guard let packet else { return nil }
      return Caveat(
        identifier: wire[packet.identifier],
        location: packet.location.map { wire[$0] },
        verification: packet.verification.map { wire[$0] })
    }
  }

  public func makeIterator() -> Iterator { Iterator(macaroon) }

  /// How many there are.
  public var count: Int { macaroon.layout.caveatCount }

  public var underestimatedCount: Int { count }
}

extension Macaroon {
  /// Shows each caveat in turn without making a value of it: for whoever checks a request.
  ///
  /// - Parameter body: is lent the wire bytes, and told where in them (as in ``wire``) the identifier lies.
  public func forEachCaveat<Failure: Error>(
    _ body: (_ identifier: Range<Int>, _ isThirdParty: Bool, _ wire: UnsafeBufferPointer<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    try wire.withUnsafeBufferPointer { wire throws(Failure) in
      var reader = PacketReader(wire, at: layout.caveatsStart)
      // As above: what is nil here is the end of the list.
      while let caveat = try? reader.caveat() {
        try body(caveat.identifier, caveat.verification != nil, wire)
      }
    }
  }
}
