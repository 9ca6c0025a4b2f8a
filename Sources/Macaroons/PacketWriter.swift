/// Writes the packets of the V2 binary format.
struct PacketWriter {
  private(set) var bytes: [UInt8] = []

  init(reservingCapacity capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  init(continuing bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func version() {
    bytes.append(PacketReader.version)
  }

  mutating func field(_ tag: UInt8, _ value: some Collection<UInt8>) {
    bytes.append(tag)
    var length = value.count
    while length >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    bytes.append(UInt8(length))
    bytes.append(contentsOf: value)
  }

  mutating func end() {
    bytes.append(PacketReader.Tag.end)
  }

  mutating func signature(_ signature: Bytes32) {
    bytes.append(PacketReader.Tag.signature)
    bytes.append(UInt8(Bytes32.count))
    signature.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }
}
