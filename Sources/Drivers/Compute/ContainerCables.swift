import Engine
import Glibc
import Leasing
import Ledger
import Networks

/// Containers' places in the network, as their records say them: laid at a start, cut, changed, taken away.
public struct ContainerCables: Sendable {
  let networks: LeaseNetworks
  /// Of all containers' bundles.
  let folder: String

  private func bundle(_ lease: LeaseID) -> Bundle { Bundle(lease: lease, folder: "\(folder)/\(lease)") }

  /// Where the namespaces of a container are that is about to start: made, or found as it was left. `nil` for one
  /// without a network, to which the runtime gives a new one each time.
  func lay(_ record: inout ContainerRecord, _ bundle: Bundle) async throws(DriverError) -> LeaseNetworks.Spaces? {
    guard let network = record.spec.network else { return nil }
    let home = try networks.home(record.spec)
    let known = record.cable
    let found = try networks.found(record.spec)
    if known?.isWhole != true || known?.address != "\(home.lease)" || found == nil {
      // Written before the counters begin anew: they never go back within an incarnation.
      record.cable = .init(incarnation: (known?.incarnation ?? 0) + 1, address: "\(home.lease)", isWhole: false)
      try await record.write(bundle.record)
      try await networks.make(home, uidBase: record.spec.uidBase, bandwidth: network.bandwidthBits)
      record.cable?.isWhole = true
      try await record.write(bundle.record)
    }
    try await networks.join(home)
    return networks.spaces(home)
  }

  /// Another limit counts at once, and so does having none any more. What had none before has one from its next start.
  func adopt(_ spec: ResourceSpec, _ record: ContainerRecord) async throws(DriverError) {
    guard record.cable?.isWhole == true, let home = try networks.found(record.spec) else { return }
    guard let network = spec.network else { return try await networks.cut(home) }
    try await networks.limit(home, to: network.bandwidthBits)
    // It comes back with another offer.
    if record.spec.network == nil, !record.suspended { try await networks.join(home) }
  }

  /// Nothing comes or goes of a suspended lease.
  func cut(_ record: ContainerRecord) async throws(DriverError) {
    if record.cable != nil, let home = networks.mayBeHome(record.spec) { try await networks.cut(home) }
  }

  /// Of one that is suspended no longer.
  func join(_ spec: ResourceSpec, _ record: ContainerRecord) async throws(DriverError) {
    guard spec.network != nil, record.cable?.isWhole == true, let home = try networks.found(spec) else { return }
    try await networks.join(home)
  }

  func takeAway(_ bundle: Bundle) async throws(DriverError) {
    let record: ContainerRecord?
    do throws(DriverError) {
      record = try ContainerRecord.read(bundle.record)
    } catch {
      // What nobody claims is found by ``keep()``.
      record = nil
    }
    guard let record, record.cable != nil || record.spec.network != nil, let home = networks.mayBeHome(record.spec)
    else { return }
    try await networks.takeAway(home)
  }

  /// Takes away what a killed daemon left of networks, and writes the rules again where somebody emptied the host's packet
  /// filter. To be called at the start, and every few seconds.
  public func keep() async throws(DriverError) {
    try await networks.keep { () throws(DriverError) in
      var slots: Set<Int> = []
      for name in try HostFile.names(in: folder) {
        guard let lease = LeaseID(name) else { continue }
        do throws(DriverError) {
          guard let record = try ContainerRecord.read(bundle(lease).record),
            record.cable != nil || record.spec.network != nil, let home = networks.mayBeHome(record.spec)
          else { continue }
          slots.insert(home.slot)
        } catch {
          // What one has that cannot be read is not known to be nobody's.
          return nil
        }
      }
      return slots
    }
  }

  /// The name servers, as programs read them (resolv.conf(5)).
  func resolvers(_ bundle: Bundle) throws(DriverError) -> ContainerConfiguration.Mount {
    let text = networks.settings.resolvers.map { "nameserver \($0)\n" }.joined()
    let file = try Descriptor(opening: bundle.resolvers, O_WRONLY | O_CREAT | O_TRUNC)
    try HostFile.write(Array(text.utf8), to: file.number, named: bundle.resolvers)
    try systemCall("chmod \(bundle.resolvers)") { fchmod(file.number, 0o644) }
    return ContainerConfiguration.resolvers(bundle.resolvers)
  }

  /// Leases are given half of the connections that the host can follow.
  static func shortage(ofConnections tracked: Int?, forOne flows: Int) -> String? {
    let half = (tracked ?? 0) / 2
    guard half < flows else { return nil }
    return "of \(tracked ?? 0) connections that the kernel follows leases have \(half), and one may have \(flows): "
      + "sysctl -w net.netfilter.nf_conntrack_max=262144, or fewer in hosts.compute.network.connections"
  }

  /// Tries what networks stand on.
  ///
  /// - Throws: `.unavailable` with a sentence for each that is missing.
  public func prove() async throws(DriverError) {
    var shortages: [String] = []
    for (name, package) in [("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables")] {
      do throws(DriverError) {
        _ = try ForeignProgram.find(name, attempted: "look for \(name)")
      } catch {
        shortages.append("\(error.words) (package \(package))")
      }
    }
    let routes = HostRoute.all(in: try HostFile.text("/proc/self/net/route") ?? "")
    if let route = routes.first(where: {
      !$0.isOurs(networks.plan) && $0.range.prefix > 0 && $0.range.overlaps(networks.plan.range)
    }) {
      shortages.append(
        "\(networks.plan.range) is for leases, and the host has a route to \(route.range) by \(route.interface): name "
          + "another block in hosts.compute.network.range")
    }
    for interface in Set(routes.filter { $0.range.prefix == 0 }.map(\.interface)).sorted() {
      let path = "/proc/sys/net/ipv4/conf/\(interface)/forwarding"
      if try HostFile.text(path)?.first != "1" {
        shortages.append("what comes to \(interface) for a lease is not handed on: sysctl -w net.ipv4.ip_forward=1")
      }
    }
    if shortages.isEmpty, let home = networks.plan.home(0) {
      do throws(DriverError) {
        try await networks.handing(try networks.rules([home]).text, as: "proof") { path async throws(DriverError) in
          try await Tool("nft").run(["--check", "-f", path])
        }
      } catch {
        shortages.append("the packet filter does not take our rules: \(error.words)")
      }
      let tracked = try networks.trackedByHost()
      if let sentence = Self.shortage(ofConnections: tracked, forOne: networks.settings.flows) {
        shortages.append(sentence)
      }
    }
    guard shortages.isEmpty else {
      throw DriverError(
        .unavailable, attempted: "prove what networks stand on", words: shortages.joined(separator: "; "))
    }
  }
}
