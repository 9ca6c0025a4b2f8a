import Drivers
import Leasing
import Networks
import Units

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

extension Configuration {
  /// A lease's address follows from its place on the host, which disks and containers without a network take as well.
  func checkRange(of host: Host, _ yaml: YAMLReader) throws {
    guard hasNetworks, let network = host.compute?.network else { return }
    let room = AddressPlan(instance: "", range: network.range).capacity
    let places = places(on: host)
    guard room < places else { return }
    throw yaml["compute"]["network"]["range"].fault(
      "\(network.range) has addresses for \(room) leases, and \(places) places are needed for what this host can hold "
        + "of the offers: name a larger block")
  }

  /// Slots that its leases may come to have: of each kind as many as its capacity holds of the smallest of our offers,
  /// dimension by dimension, and one step in which slots are added. Never more than there are uids.
  private func places(on host: Host) -> Int {
    func most(_ kind: Kind, of limit: Resources) -> Int {
      let sold = offers.map(\.terms).filter { $0.kind == kind }.map(\.resources)
      guard !sold.isEmpty else { return 0 }
      let counts = Resources.Dimension.allCases.compactMap { dimension -> Int64? in
        guard let least = sold.map({ $0.need(dimension) }).min(), least > 0 else { return nil }
        return limit.need(dimension) / least
      }
      return Int(min(counts.min() ?? .max, Int64(AddressPlan.mostSlots)))
    }
    let uids = Int((UInt32.max - host.uidBase) / 65_536)
    let disks = host.disk.map { most(.disk, of: Resources(disk: $0.size)) } ?? 0
    let containers = host.compute.map { most(.compute, of: $0.capacity) } ?? 0
    return min(uids, disks + containers + 64)
  }
}
