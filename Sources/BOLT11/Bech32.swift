/// Bech32 as BOLT 11 uses it: BIP 173's characters and checksum, without its limit of ninety characters.
///
/// Below, a *group* is five bits in a byte.
package enum Bech32 {
  package static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)

  /// The group of each ASCII character in either case; 255 where there is none.
  private static let groupOfCharacter: [UInt8] = {
    var table = [UInt8](repeating: 255, count: 128)
    for (group, character) in alphabet.enumerated() {
      table[Int(character)] = UInt8(group)
      if character >= UInt8(ascii: "a") { table[Int(character) - 32] = UInt8(group) }
    }
    return table
  }()

  static let checksumLength = 6

  /// A text taken apart, its checksum verified and removed.
  package struct Decoded {
    /// Lower-case ASCII before the separator.
    package var prefix: [UInt8]
    package var groups: [UInt8]
  }

  package static func decode(_ text: String) throws(BOLT11Error) -> Decoded {
    var characters = Array(text.utf8)
    var hasLower = false
    var hasUpper = false
    var separator: Int?
    for (index, character) in characters.enumerated() {
      switch character {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        hasUpper = true
        characters[index] = character + 32
      case UInt8(ascii: "a")...UInt8(ascii: "z"): hasLower = true
      case UInt8(ascii: "1"): separator = index
      case 33...126: break
      default: throw .badCharacter
      }
    }
    if hasLower && hasUpper { throw .mixedCase }
    guard let separator, separator > 0 else { throw .noSeparator }
    guard characters.count - separator - 1 >= checksumLength else { throw .tooShort }

    let prefix = Array(characters[..<separator])
    var groups = [UInt8]()
    groups.reserveCapacity(characters.count - separator - 1)
    for character in characters[(separator + 1)...] {
      let group = groupOfCharacter[Int(character)]
      guard group < 32 else { throw .badCharacter }
      groups.append(group)
    }
    var checksum = Checksum(prefix: prefix)
    checksum.absorb(groups)
    guard checksum.state == 1 else { throw .badChecksum }
    groups.removeLast(checksumLength)
    return Decoded(prefix: prefix, groups: groups)
  }

  package static func encode(prefix: [UInt8], groups: [UInt8]) -> String {
    var checksum = Checksum(prefix: prefix)
    checksum.absorb(groups)
    let length = prefix.count + 1 + groups.count + checksumLength
    return String(unsafeUninitializedCapacity: length) { buffer in
      var index = 0
      func put(_ character: UInt8) {
        buffer[index] = character
        index += 1
      }
      for character in prefix { put(character) }
      put(UInt8(ascii: "1"))
      for group in groups { put(alphabet[Int(group)]) }
      for group in checksum.finish() { put(alphabet[Int(group)]) }
      return index
    }
  }

  /// The remainder of BIP 173's code over GF(32).
  private struct Checksum {
    private(set) var state: UInt32 = 1

    init(prefix: [UInt8]) {
      for character in prefix { absorb(character >> 5) }
      absorb(0)
      for character in prefix { absorb(character & 31) }
    }

    mutating func absorb(_ groups: [UInt8]) {
      for group in groups { absorb(group) }
    }

    private mutating func absorb(_ group: UInt8) {
      let top = state >> 25
      state = (state & 0x1ff_ffff) << 5 ^ UInt32(group)
      if top & 1 != 0 { state ^= 0x3b6a_57b2 }
      if top & 2 != 0 { state ^= 0x2650_8e6d }
      if top & 4 != 0 { state ^= 0x1ea1_19fa }
      if top & 8 != 0 { state ^= 0x3d42_33dd }
      if top & 16 != 0 { state ^= 0x2a14_62b3 }
    }

    /// The six groups that make the remainder 1.
    mutating func finish() -> [UInt8] {
      for _ in 0..<Bech32.checksumLength { absorb(0) }
      let remainder = state ^ 1
      return (0..<6).map { UInt8(truncatingIfNeeded: remainder >> (25 - 5 * UInt32($0))) & 31 }
    }
  }
}
