import L402

/// Where a renter may let us connect to (protection against server-side request forgery): the public internet, and what
/// the provider allows beside it.
///
/// What is asked is the address that a name was resolved to, and it is that address that is then connected to: a name
/// that is resolved twice may lead elsewhere the second time.
public struct ReachableAddresses: Sendable {
  /// The blocks of the IANA registries that are not globally reachable, by what they are for.
  static let refused: [(block: AddressRange, what: String)] = [
    ("0.0.0.0/8", "this network"), ("10.0.0.0/8", "private"), ("100.64.0.0/10", "shared (CGNAT)"),
    ("127.0.0.0/8", "loopback"), ("169.254.0.0/16", "link-local, and metadata services"),
    ("172.16.0.0/12", "private"), ("192.0.0.0/24", "protocol assignments"), ("192.0.2.0/24", "documentation"),
    ("192.88.99.0/24", "deprecated relays"), ("192.168.0.0/16", "private"), ("198.18.0.0/15", "benchmarking"),
    ("198.51.100.0/24", "documentation"), ("203.0.113.0/24", "documentation"), ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved, and broadcast"),
    ("::/128", "unspecified"), ("::1/128", "loopback"), ("::/96", "IPv4-compatible"),
    ("64:ff9b::/96", "translated IPv4"), ("64:ff9b:1::/48", "translated IPv4, local"), ("100::/64", "discard"),
    ("2001::/23", "protocol assignments, Teredo"), ("2001:db8::/32", "documentation"),
    ("2002::/16", "6to4: any IPv4 address"), ("3fff::/20", "documentation"), ("5f00::/16", "segment routing"),
    ("fc00::/7", "private"), ("fe80::/10", "link-local"), ("fec0::/10", "site-local, deprecated"),
    ("ff00::/8", "multicast"),
  ].map { text, what in
    guard let block = AddressRange(text) else { preconditionFailure("\(text) is a block") }
    return (block, what)
  }

  /// Blocks that may be reached although they are not public.
  private let allowed: [AddressRange]

  public init(allowing allowed: [AddressRange] = []) { self.allowed = allowed }

  /// Whether the provider allows anything that is not public.
  public var allowsSome: Bool { !allowed.isEmpty }

  /// Whether the provider allows this address, public or not.
  func allows(_ address: IPAddress) -> Bool { allowed.contains { $0.contains(address) } }

  /// Why this address may not be connected to; `nil`: it may. An IPv4 address in its IPv6 mapping is the IPv4 address.
  public func refusal(of address: IPAddress) -> String? {
    if allows(address) { return nil }
    return Self.refused.first { $0.block.contains(address) }?.what
  }
}
