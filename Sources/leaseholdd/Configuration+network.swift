import Drivers
import Leasing
import Networks

extension NetworkSettings {
  /// - Parameter uidBase: the first uid of the host's leases.
  init(_ yaml: YAMLReader, uidBase: UInt32) throws {
    self.init()
    self.uidBase = uidBase
    try yaml.allow("range", "resolvers", "closed", "connections")
    let place = yaml["range"]
    guard let range = IPv4Range(try place.string(default: Self.standardRange)), (8...30).contains(range.prefix) else {
      throw place.fault("expected a block of addresses for leases, /8 to /30: \(Self.standardRange)")
    }
    self.range = range
    resolvers = try yaml["resolvers"].items.map { item in
      guard let address = IPv4Address(try item.string()) else { throw item.fault("expected an address: 9.9.9.9") }
      // Of a container that is the container itself.
      guard IPv4Range("127.0.0.0/8")?.contains(address) == false, address.bits != 0 else {
        throw item.fault("a container has a loopback of its own: name a server that it can reach")
      }
      return address
    }
    guard resolvers.count <= 3 else { throw yaml["resolvers"].fault("at most three: programs ask no more") }
    closed = try yaml["closed"].items.map { item in
      guard let block = IPv4Range(try item.string()) else { throw item.fault("expected a block: 198.51.100.0/24") }
      return block
    }
    flows = Int(try yaml["connections"].integer(in: 16...1_000_000, default: Int64(flows)))
  }
}

extension ContainerNetwork {
  /// Of an offer; `nil`: its containers have none.
  init?(_ offer: YAMLReader, kind: Kind) throws {
    let word = try offer["network"].string(default: "none")
    let bandwidth = offer["bandwidth_bits"]
    guard word != "none" else {
      guard !bandwidth.exists else { throw bandwidth.fault("of what has no network") }
      return nil
    }
    guard let reach = Reach(rawValue: word) else { throw offer["network"].fault("none or outbound") }
    guard kind == .compute else { throw offer["network"].fault("a disk has no network: it is reached through us") }
    self.init(
      reach, bandwidthBits: bandwidth.exists ? try bandwidth.integer(in: 64_000...1_000_000_000_000) : nil)
  }
}
