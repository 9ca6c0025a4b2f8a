extension IPAddress {
  /// The network one party is taken to hold: the address itself for IPv4, its /48 for IPv6. What budgets per client are
  /// kept by, since a household of IPv6 has more addresses than a daemon has memory.
  public var party: IPAddress {
    isV4 ? self : IPAddress(party: bits & ~((1 << 80) - 1))
  }

  private init(party bits: UInt128) {
    isV4 = false
    self.bits = bits
  }
}
