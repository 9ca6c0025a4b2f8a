/// A bearer credential whose holder may add conditions and take none away.
///
/// Kept as the bytes of its V2 binary form, which are read and found sound when the value is made: sending it on is
/// free, and checking it walks those bytes. Two macaroons are equal when their bytes are.
public struct Macaroon: Sendable, CustomStringConvertible, CustomReflectable {
  /// The V2 binary form.
  public private(set) var wire: [UInt8]
  private(set) var layout: MacaroonLayout

  /// The end of the caveat list, the signature's tag and length, the signature.
  private static let tailCount = 3 + Bytes32.count

  /// Reads the V2 binary form, strictly: no trailing bytes, canonical lengths, fields in their order, a signature of
  /// 32 bytes. A location packet of length zero is accepted, and kept.
  public init(v2 bytes: [UInt8]) throws(MacaroonFault) {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<MacaroonLayout, MacaroonFault> in
      var reader = PacketReader(buffer)
      return Result { () throws(MacaroonFault) in try reader.macaroon() }
    }
    layout = try result.get()
    wire = bytes
  }

  /// Mints one.
  ///
  /// - Parameters:
  ///   - location: a hint where it is good, never signed; empty for none.
  ///   - identifier: by which the minter will know which key to use; any length.
  ///   - caveats: first-party caveats, in order.
  public init(location: String, identifier: [UInt8], caveats: [[UInt8]] = [], key: MacaroonKey) {
    var signature = Signing(key: key, identifier: identifier)
    let room = caveats.reduce(location.utf8.count + identifier.count + 64) { $0 + $1.count + 5 }
    var writer = PacketWriter(reservingCapacity: room)
    writer.version()
    if !location.isEmpty {
      writer.field(PacketReader.Tag.location, location.utf8)
    }
    writer.field(PacketReader.Tag.identifier, identifier)
    writer.end()
    for caveat in caveats {
      writer.field(PacketReader.Tag.identifier, caveat)
      writer.end()
      signature.firstParty(caveat)
    }
    writer.end()
    writer.signature(signature.value)
    self.init(sound: writer.bytes)
  }

  private init(sound bytes: [UInt8]) {
    do throws(MacaroonFault) {
      try self.init(v2: bytes)
    } catch {
      preconditionFailure("what was written cannot be read: \(error)")
    }
  }

  /// The same macaroon with one more first-party caveat at its end. Needs no key: anybody who holds one can.
  public func adding(_ caveat: [UInt8]) -> Macaroon {
    appending(identifier: caveat, location: "", verification: nil)
  }

  /// The same macaroon with more first-party caveats at its end, in order.
  public func adding(_ caveats: [String]) -> Macaroon {
    caveats.reduce(self) { $0.adding(Array($1.utf8)) }
  }

  func appending(identifier: [UInt8], location: String, verification: [UInt8]?) -> Macaroon {
    var signature = Signing(continuing: self.signature)
    var writer = PacketWriter(continuing: Array(wire.dropLast(Macaroon.tailCount)))
    if !location.isEmpty { writer.field(PacketReader.Tag.location, location.utf8) }
    writer.field(PacketReader.Tag.identifier, identifier)
    if let verification {
      writer.field(PacketReader.Tag.verification, verification)
      signature.thirdParty(verification: verification, identifier: identifier)
    } else {
      signature.firstParty(identifier)
    }
    writer.end()
    writer.end()
    writer.signature(signature.value)
    return Macaroon(sound: writer.bytes)
  }

  /// The same content under another signature.
  func signed(_ signature: Bytes32) -> Macaroon {
    Macaroon(sound: wire.dropLast(Bytes32.count) + signature.array)
  }

  /// A hint where it is good; nil when there is none, empty when an empty one was sent. Never signed.
  public var location: ArraySlice<UInt8>? { layout.location.map { wire[$0] } }

  /// By which the minter knows which key to use.
  public var identifier: ArraySlice<UInt8> { wire[layout.identifier] }

  /// The conditions, in order.
  public var caveats: Caveats { Caveats(macaroon: self) }

  /// Whether somebody else's word is needed as well.
  public var hasThirdPartyCaveats: Bool { layout.thirdPartyCount > 0 }

  /// The end of the chain. Whoever has it can add caveats, so it is as secret as the macaroon.
  public var signature: Bytes32 {
    wire.withUnsafeBytes { Bytes32(copying: UnsafeRawBufferPointer(rebasing: $0[($0.count - Bytes32.count)...])) }
  }

  /// Sizes only: a macaroon is a secret.
  public var description: String { "Macaroon(\(wire.count) bytes, \(layout.caveatCount) caveats)" }

  /// Empty: reflection does not show the bytes.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Macaroon: Hashable {
  public static func == (a: Macaroon, b: Macaroon) -> Bool { a.wire == b.wire }

  public func hash(into hasher: inout Hasher) { hasher.combine(wire) }
}
