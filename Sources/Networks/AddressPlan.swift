/// Which interface and which addresses a lease has, by its slot on the host. Nothing is kept: a slot belongs to one lease at
/// a time, and the database sees to that.
public struct AddressPlan: Hashable, Sendable {
  /// What tells this installation's interfaces and rules from those of others on the host: eight hexadecimal digits.
  public let instance: String
  public let range: IPv4Range

  /// Slots have four hexadecimal digits: the name of an interface has room for no more.
  public static let mostSlots = 65_536

  /// - Parameter instance: of any length; its first eight characters count.
  public init(instance: some StringProtocol, range: IPv4Range) {
    self.instance = String(instance.prefix(8))
    self.range = range
  }

  /// How many leases have room in the range: two addresses each (RFC 3021).
  public var capacity: Int { min(range.count / 2, Self.mostSlots) }

  /// What the names of all interfaces and network namespaces of this installation begin with.
  public var prefix: String { "lh\(instance)-" }
  /// The table of rules.
  public var table: String { "leasehold_\(instance)" }

  /// `nil`: the range has no room for this slot.
  public func home(_ slot: Int) -> NetworkHome? {
    guard (0..<capacity).contains(slot) else { return nil }
    let first = range.first.bits + UInt32(2 * slot)
    return NetworkHome(
      slot: slot, interface: prefix + String(slot, radix: 16), host: IPv4Address(bits: first),
      lease: IPv4Address(bits: first + 1))
  }

  /// Whose interface, or namespace, has this name; `nil`: it is none of ours.
  public func home(named name: some StringProtocol) -> NetworkHome? {
    guard name.hasPrefix(prefix), let slot = Int(name.dropFirst(prefix.count), radix: 16), let home = home(slot),
      home.interface == name
    else { return nil }
    return home
  }
}

/// A lease's place in the network: a cable between the host and the container, and an address at each end.
public struct NetworkHome: Hashable, Sendable {
  public let slot: Int
  /// The host's end of the cable; the container's network namespace has the same name.
  public let interface: String
  /// The host's address on the cable, by which the container finds the world.
  public let host: IPv4Address
  public let lease: IPv4Address
}
