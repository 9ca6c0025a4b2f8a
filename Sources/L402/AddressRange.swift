/// A block of addresses in CIDR notation (RFC 4632), or one address.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  private let base: IPAddress
  private let prefixLength: Int

  /// Reads `203.0.113.0/24`, `2001:db8::/32` or an address alone; nil for anything else. Bits behind the prefix are
  /// not looked at.
  public init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    let slash = bytes.firstIndex(of: UInt8(ascii: "/"))
    let address = bytes[..<(slash ?? bytes.endIndex)]
    guard let base = IPAddress(String(decoding: address, as: UTF8.self)) else { return nil }
    self.base = base
    guard let slash else {
      prefixLength = base.bitCount
      return
    }
    // A mapped address would count its prefix from another end.
    guard !(base.isV4 && address.contains(UInt8(ascii: ":"))),
      let length = IPAddress.decimal(bytes[(slash + 1)...]), length <= base.bitCount
    else { return nil }
    prefixLength = length
  }

  /// Whether the address lies in the block. An IPv4 block has no IPv6 address in it, nor the other way round.
  public func contains(_ address: IPAddress) -> Bool {
    guard address.isV4 == base.isV4 else { return false }
    return (address.bits ^ base.bits) >> UInt128(base.bitCount - prefixLength) == 0
  }

  /// Whether all of the other block lies in this one.
  public func contains(_ other: AddressRange) -> Bool {
    other.prefixLength >= prefixLength && contains(other.base)
  }

  /// `203.0.113.0/24`; an address alone where the block is one.
  public var description: String {
    prefixLength == base.bitCount ? "\(base)" : "\(base)/\(prefixLength)"
  }
}
