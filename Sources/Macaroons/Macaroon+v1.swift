extension Macaroon {
  /// Reads the V1 binary form: packets of `LLLLkey value\n`, where `LLLL` is the packet's whole length in four
  /// hexadecimal digits. The value that is made is kept, and sent on, in V2; an empty location is none there.
  ///
  /// As strict as the reading of V2: fields in their order, a signature of 32 bytes, nothing behind it.
  public init(v1 bytes: [UInt8]) throws(MacaroonFault) {
    guard !bytes.isEmpty else { throw .empty }
    var reader = V1Reader(rest: bytes[...])
    var writer = PacketWriter(reservingCapacity: bytes.count)
    writer.version()
    let location = try reader.value("location")
    if !location.isEmpty { writer.field(PacketReader.Tag.location, location) }
    guard let identifier = try reader.optionalValue("identifier") else { throw .identifier }
    writer.field(PacketReader.Tag.identifier, identifier)
    writer.end()
    while let identifier = try reader.optionalValue("cid") {
      let verification = try reader.optionalValue("vid")
      // The order on the wire is cid, vid, cl; V2 has the location first.
      let place = try reader.optionalValue("cl")
      if let place, !place.isEmpty { writer.field(PacketReader.Tag.location, place) }
      writer.field(PacketReader.Tag.identifier, identifier)
      if let verification { writer.field(PacketReader.Tag.verification, verification) }
      writer.end()
    }
    guard let signature = Bytes32(try reader.value("signature")) else { throw .signature }
    guard reader.rest.isEmpty else { throw .trailing }
    writer.end()
    writer.signature(signature)
    try self.init(v2: writer.bytes)
  }

  /// The V1 binary form, in which a location is always written, and a third party's as well.
  ///
  /// - Throws: ``MacaroonFault/tooLong`` when a field does not fit into a packet, whose length has four digits.
  public func v1() throws(MacaroonFault) -> [UInt8] {
    var writer = V1Writer()
    try writer.packet("location", location ?? [])
    try writer.packet("identifier", identifier)
    for caveat in caveats {
      try writer.packet("cid", caveat.identifier)
      if let verification = caveat.verification { try writer.packet("vid", verification) }
      if caveat.isThirdParty || !(caveat.location ?? []).isEmpty { try writer.packet("cl", caveat.location ?? []) }
    }
    try writer.packet("signature", signature.array[...])
    return writer.bytes
  }

  /// Reads either binary form, told apart by the first byte: V2 begins with 2, V1 with a digit.
  public init(binary bytes: [UInt8]) throws(MacaroonFault) {
    if bytes.first.flatMap(Hex.value(of:)) != nil {
      try self.init(v1: bytes)
    } else {
      try self.init(v2: bytes)
    }
  }
}

private struct V1Writer {
  private(set) var bytes: [UInt8] = []

  mutating func packet(_ key: String, _ value: ArraySlice<UInt8>) throws(MacaroonFault) {
    // Four digits, the key, a space, the value, a line's end.
    let length = 4 + key.utf8.count + 1 + value.count + 1
    guard length <= 0xffff else { throw .tooLong }
    let digits = String(length, radix: 16)
    bytes += String(repeating: "0", count: 4 - digits.utf8.count).utf8
    bytes += digits.utf8
    bytes += key.utf8
    bytes.append(UInt8(ascii: " "))
    bytes += value
    bytes.append(UInt8(ascii: "\n"))
  }
}

private struct V1Reader {
  private(set) var rest: ArraySlice<UInt8>

  init(rest: ArraySlice<UInt8>) {
    self.rest = rest
  }

  mutating func value(_ key: String) throws(MacaroonFault) -> ArraySlice<UInt8> {
    guard let value = try optionalValue(key) else { throw .field }
    return value
  }

  /// The value of the next packet if it has this key; nil, without moving, if it has another.
  mutating func optionalValue(_ key: String) throws(MacaroonFault) -> ArraySlice<UInt8>? {
    guard rest.count >= 4 else { throw .truncated }
    var length = 0
    for digit in rest.prefix(4) {
      // In lower case, as both libraries write it: one spelling for one macaroon.
      guard let value = Hex.value(of: digit), !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit) else {
        throw .varint
      }
      length = length << 4 | Int(value)
    }
    guard length <= rest.count else { throw .truncated }
    guard length > 4 else { throw .field }
    let packet = rest.prefix(length).dropFirst(4)
    let head = Array("\(key) ".utf8)
    guard packet.starts(with: head) else { return nil }
    guard packet.count > head.count, packet.last == UInt8(ascii: "\n") else { throw .field }
    rest = rest.dropFirst(length)
    return packet.dropFirst(head.count).dropLast()
  }
}
