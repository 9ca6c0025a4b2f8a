extension IPAddress {
  /// The network one party is taken to hold: the address itself for IPv4, its /48 for IPv6. What budgets per client are
  /// kept by, since a household of IPv6 has more addresses than a daemon has memory.
  public var party: IPAddress {
    isV4 ? self : IPAddress(party: bits & ~((1 << 80) - 1))
  }

  /// The same in words: `203.0.113.7`, `2001:db8:1::/48`.
  public var partyText: String {
    if isV4 { return (0..<4).map { String(bits >> UInt128(24 - 8 * $0) & 0xff) }.joined(separator: ".") }
    let groups = (0..<3).map { String(UInt16(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0)), radix: 16) }
    return groups.joined(separator: ":") + "::/48"
  }

  private init(party bits: UInt128) {
    isV4 = false
    self.bits = bits
  }
}
