/// Writes tagged fields: the tag, ten bits of length in groups, the data.
struct FieldWriter {
  private(set) var groups: [UInt8]

  /// Starts after the timestamp.
  init(_ timestamp: [UInt8]) {
    groups = timestamp
    groups.reserveCapacity(512)
  }

  mutating func put(_ tag: FieldTag, bytes: [UInt8]) throws(BOLT11Error) {
    let count = FiveBits.groupCount(ofBytes: bytes.count)
    if let exact = tag.exactGroupCount, exact != count { throw .badLength(tag.letter) }
    try putHead(tag, count)
    FiveBits.append(bytes, to: &groups)
  }

  mutating func put(_ tag: FieldTag, groups data: [UInt8]) throws(BOLT11Error) {
    try putHead(tag, data.count)
    groups += data
  }

  mutating func put(_ tag: FieldTag, number: Int64) throws(BOLT11Error) {
    guard number >= 0 else { throw .numberTooLarge(tag.letter) }
    try put(tag, groups: FiveBits.groups(of: number))
  }

  private mutating func putHead(_ tag: FieldTag, _ count: Int) throws(BOLT11Error) {
    guard count < 1 << 10 else { throw .fieldTooLong(tag.letter) }
    groups.append(tag.rawValue)
    groups.append(UInt8(truncatingIfNeeded: count >> 5))
    groups.append(UInt8(truncatingIfNeeded: count) & 31)
  }
}
