/// The ranges of one caveat's fields in the wire bytes.
struct CaveatPacket {
  var location: Range<Int>?
  var identifier: Range<Int>
  var verification: Range<Int>?
}

/// Where things lie in the bytes of a V2 macaroon. The last 35 bytes are always the end of the caveat list, the
/// signature's tag and length, and the signature.
struct MacaroonLayout: Sendable {
  var location: Range<Int>?
  var identifier: Range<Int>
  var caveatsStart: Int
  var caveatCount: Int
  var thirdPartyCount: Int
}

/// Reads the packets of the V2 binary format, strictly.
///
/// A packet is a tag, a length and so many bytes; a section ends with tag 0. The format is described in libmacaroons'
/// `doc/format.txt`.
struct PacketReader {
  enum Tag {
    static let end: UInt8 = 0
    static let location: UInt8 = 1
    static let identifier: UInt8 = 2
    static let verification: UInt8 = 4
    static let signature: UInt8 = 6
  }

  static let version: UInt8 = 2

  private let bytes: UnsafeBufferPointer<UInt8>
  private(set) var position: Int

  init(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  mutating func macaroon() throws(MacaroonFault) -> MacaroonLayout {
    guard let version = bytes.first else { throw .empty }
    guard version == PacketReader.version else { throw .version }
    position = 1
    let location = try optionalField(Tag.location)
    let identifier = try identifier()
    try end()
    let caveatsStart = position
    var caveatCount = 0
    var thirdPartyCount = 0
    var isMisplaced = false
    while let caveat = try caveat() {
      caveatCount += 1
      if caveat.verification != nil {
        thirdPartyCount += 1
      } else if let location = caveat.location, !location.isEmpty {
        isMisplaced = true
      }
    }
    try end()
    guard position < bytes.count, bytes[position] == Tag.signature else { throw .unsigned }
    let signature = try field(Tag.signature)
    guard signature.count == Bytes32.count else { throw .signature }
    guard position == bytes.count else { throw .trailing }
    // Only a third party is somewhere else. An empty location is none, as Go's macaroon.v2 has it too.
    guard !isMisplaced else { throw .location }
    return MacaroonLayout(
      location: location, identifier: identifier, caveatsStart: caveatsStart, caveatCount: caveatCount,
      thirdPartyCount: thirdPartyCount)
  }

  /// The next caveat; nil, without moving, at the end of the list.
  mutating func caveat() throws(MacaroonFault) -> CaveatPacket? {
    switch try peek() {
    case Tag.end: return nil
    case Tag.signature: throw .list
    default: break
    }
    let location = try optionalField(Tag.location)
    let identifier = try identifier()
    let verification = try optionalField(Tag.verification)
    try end()
    return CaveatPacket(location: location, identifier: identifier, verification: verification)
  }

  private func peek() throws(MacaroonFault) -> UInt8 {
    guard position < bytes.count else { throw .truncated }
    return bytes[position]
  }

  private mutating func end() throws(MacaroonFault) {
    guard try peek() == Tag.end else { throw .field }
    position += 1
  }

  private mutating func optionalField(_ tag: UInt8) throws(MacaroonFault) -> Range<Int>? {
    try peek() == tag ? try field(tag) : nil
  }

  private mutating func identifier() throws(MacaroonFault) -> Range<Int> {
    guard try peek() == Tag.identifier else { throw .identifier }
    return try field(Tag.identifier)
  }

  private mutating func field(_ tag: UInt8) throws(MacaroonFault) -> Range<Int> {
    guard try peek() == tag else { throw .field }
    position += 1
    let length = try varint()
    guard length <= bytes.count - position else { throw .truncated }
    let range = position..<position + length
    position = range.upperBound
    return range
  }

  /// At most five bytes: nothing longer than 2^32 can be here.
  private mutating func varint() throws(MacaroonFault) -> Int {
    var value = 0
    var shift = 0
    while true {
      let byte = try peek()
      position += 1
      value |= Int(byte & 0x7f) << shift
      if byte & 0x80 == 0 {
        // A last byte of zero adds nothing: the same number has a shorter spelling.
        guard byte != 0 || shift == 0 else { throw .varint }
        return value
      }
      shift += 7
      guard shift < 35 else { throw .varint }
    }
  }
}
