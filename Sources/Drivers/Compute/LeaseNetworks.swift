import CLinux
import Engine
import Glibc
import Networks

/// Leases' cables and the rules about what passes, made with `ip`, `tc` and `nft`.
///
/// A container with a network is given a network namespace that is made before it and outlives its starts and stops, and
/// with it its address and its counters. It belongs to a user namespace that is kept too: a runtime enters the first by the
/// power it has in the second. The container's programs have none in either: they have no capabilities.
///
/// What is written about the network is what there is: rules are made from the interfaces that exist, so that a daemon
/// killed between two steps leaves less open, and nothing that the next does not find.
struct LeaseNetworks: Sendable {
  let plan: AddressPlan
  let settings: NetworkSettings
  /// For the lock, and texts on their way to programs.
  let folder: String

  /// Where ip-netns(8) keeps its names.
  static let spaces = "/run/netns"

  init(_ settings: NetworkSettings, instance: String, folder: String) {
    self.settings = settings
    plan = AddressPlan(instance: instance, range: settings.range)
    self.folder = folder
  }

  /// - Throws: `.unavailable` when the range has no room for it.
  func home(_ spec: ResourceSpec) throws(DriverError) -> NetworkHome {
    guard let home = mayBeHome(spec) else {
      throw DriverError(
        .unavailable, attempted: "find an address for \(spec.lease)",
        words: "\(settings.range) has room for \(plan.capacity) leases, and its uids begin at \(spec.uidBase)")
    }
    return home
  }

  /// `nil` when the range has no room for it: it was never made then.
  func mayBeHome(_ spec: ResourceSpec) -> NetworkHome? {
    guard spec.uidBase >= settings.uidBase else { return nil }
    return plan.home(Int(spec.uidBase - settings.uidBase) / 65_536)
  }

  func spaces(_ home: NetworkHome) -> Spaces {
    Spaces(network: "\(Self.spaces)/\(home.interface)", user: "\(folder)/\(home.interface)")
  }

  /// Where a lease's namespaces have names.
  struct Spaces: Hashable, Sendable {
    var network: String
    /// To which the other belongs.
    var user: String
  }

  /// Its home where both ends of its cable are there.
  func found(_ spec: ResourceSpec) throws(DriverError) -> NetworkHome? {
    let home = try home(spec)
    guard try counters()[home.interface] != nil, isSpace(spaces(home).network), isSpace(spaces(home).user) else {
      return nil
    }
    return home
  }

  /// Bytes that went through each interface of the host.
  func counters() throws(DriverError) -> [String: InterfaceCounters] {
    InterfaceCounters.all(in: try HostFile.text("/proc/self/net/dev") ?? "")
  }

  private func isSpace(_ path: String) -> Bool {
    var status = statfs()
    // NSFS_MAGIC of linux/magic.h.
    return statfs(path, &status) == 0 && status.f_type == 0x6e73_6673
  }

  // MARK: Making

  /// Lays the cable, with rules, and leaves it cut: ``join(_:)``. What is there already is made anew.
  ///
  /// - Parameter uidBase: the first of the lease's uids.
  func make(_ home: NetworkHome, uidBase: UInt32, bandwidth: Int64?) async throws(DriverError) {
    try await alone { () async throws(DriverError) in
      try await remove(home)
      let name = home.interface
      try await BlockingWork.run { () throws(DriverError) in try makeSpaces(home, uidBase) }
      try await Tool("ip").run(["link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name])
      try settle(home)
      try await Tool("ip").run(["address", "add", "\(home.host)/31", "dev", name])
      let orders = [
        "link set lo up", "address add \(home.lease)/31 dev eth0", "link set eth0 up",
        "route add default via \(home.host) dev eth0",
      ]
      try await handing(orders.joined(separator: "\n") + "\n", as: name) { path async throws(DriverError) in
        try await Tool("ip").run(["-n", name, "-batch", path])
      }
      if let bandwidth { try await limit(home, to: bandwidth) }
      try await writeRules()
    }
  }

  private func makeSpaces(_ home: NetworkHome, _ uidBase: UInt32) throws(DriverError) {
    var owner: Int32 = -1
    let network = Descriptor(
      number: try systemCall("make a network namespace") { clinux_network_make(uidBase, 65_536, &owner) })
    let user = Descriptor(number: owner)
    // As ip-netns(8) makes it when it is first called: it would cover ours otherwise.
    try HostFile.makeFolder(Self.spaces, mode: 0o755)
    if try systemCall("look at \(Self.spaces)", { clinux_is_mount_root(Self.spaces) }) == 0 {
      try systemCall("mount \(Self.spaces)") { mount(Self.spaces, Self.spaces, "none", UInt(MS_BIND | MS_REC), nil) }
      try systemCall("share \(Self.spaces)") { mount("", Self.spaces, "none", UInt(MS_SHARED | MS_REC), nil) }
    }
    for (space, path) in [(user.number, spaces(home).user), (network.number, spaces(home).network)] {
      try Descriptor(opening: path, O_RDONLY | O_CREAT | O_EXCL).close()
      try systemCall("mount \(path)") { mount("/proc/self/fd/\(space)", path, "none", UInt(MS_BIND), nil) }
    }
  }

  /// What the kernel does by itself on both ends: before either is up.
  private func settle(_ home: NetworkHome) throws(DriverError) {
    let ours = "/proc/sys/net/ipv4/conf/\(home.interface)/"
    // Sources are what the route says; no redirects either way; nobody is told of the host's other addresses.
    for (name, value) in [
      ("rp_filter", "1"), ("forwarding", "1"), ("accept_redirects", "0"), ("send_redirects", "0"), ("arp_ignore", "1"),
      ("route_localnet", "0"),
    ] { try write(value, to: ours + name) }
    let later = "/proc/sys/net/ipv6/conf/"
    if HostFile.exists(later) { try write("1", to: later + home.interface + "/disable_ipv6") }
    if HostFile.exists(later) {
      let space = try Descriptor(opening: spaces(home).network, O_RDONLY)
      try systemCall("write disable_ipv6") { clinux_write_inside(space.number, later + "eth0/disable_ipv6", "1") }
    }
  }

  private func write(_ text: String, to path: String) throws(DriverError) {
    let file = try Descriptor(opening: path, O_WRONLY)
    try HostFile.write(Array(text.utf8), to: file.number, named: path)
  }

  /// Nothing passes any more; what was counted stays, and so do addresses and routes inside.
  func cut(_ home: NetworkHome) async throws(DriverError) {
    guard try counters()[home.interface] != nil else { return }
    try await Tool("ip").run(["link", "set", home.interface, "down"])
  }

  func join(_ home: NetworkHome) async throws(DriverError) {
    try await Tool("ip").run(["link", "set", home.interface, "up"])
  }

  /// - Parameter bandwidth: bits per second each way; `nil`: no limit.
  func limit(_ home: NetworkHome, to bandwidth: Int64?) async throws(DriverError) {
    let inside = ["-n", home.interface]
    guard let bandwidth else {
      // 2: there was none.
      try await Tool("tc").run(Bandwidth.none(for: home.interface), accepting: [0, 2])
      try await Tool("tc").run(inside + Bandwidth.none(for: "eth0"), accepting: [0, 2])
      return
    }
    let limit = Bandwidth(bits: bandwidth)
    try await Tool("tc").run(limit.arguments(for: home.interface))
    try await Tool("tc").run(inside + limit.arguments(for: "eth0"))
  }

  // MARK: Taking away

  /// Success when there is none.
  func takeAway(_ home: NetworkHome) async throws(DriverError) {
    try await alone { () async throws(DriverError) in
      try await remove(home)
      try await writeRules()
    }
  }

  private func remove(_ home: NetworkHome) async throws(DriverError) {
    if try counters()[home.interface] != nil { try await Tool("ip").run(["link", "delete", home.interface]) }
    // Its other end goes with it; the namespace when nobody is in it any more.
    let spaces = spaces(home)
    if HostFile.exists(spaces.network) { try await Tool("ip").run(["netns", "delete", home.interface]) }
    if HostFile.exists(spaces.user) {
      if isSpace(spaces.user) { try systemCall("unmount \(spaces.user)") { umount2(spaces.user, CInt(MNT_DETACH)) } }
      try HostFile.removeFile(spaces.user)
    }
  }

  /// Takes away what no lease has, and sees that the rules are there, whoever has emptied the host's.
  ///
  /// - Parameter claimed: slots of all leases that have a network or are being given one; called when nobody makes any.
  ///   `nil`: that is not known, and nothing is taken away.
  func keep(_ claimed: () throws(DriverError) -> Set<Int>?) async throws(DriverError) {
    guard HostFile.isFolder(folder) else { return }
    try await alone { () async throws(DriverError) in
      let names = try HostFile.names(in: Self.spaces) + HostFile.names(in: folder) + counters().keys
      let found = Set(names.compactMap { plan.home(named: $0) })
      let kept = try claimed() ?? Set(found.map(\.slot))
      for home in found where !kept.contains(home.slot) { try await remove(home) }
      let interfaces = try counters()
      let standing = found.filter { kept.contains($0.slot) && interfaces[$0.interface] != nil }
      if try await !rulesStand(for: standing) { try await writeRules() }
    }
  }

  private func rulesStand(for homes: Set<NetworkHome>) async throws(DriverError) -> Bool {
    let listed = try await Tool("nft").run(["list", "table", "inet", plan.table], accepting: [0, 1])
    guard !homes.isEmpty else { return listed.code != 0 }
    let chains = ["arriving", "entering", "passing", "outwards", "leaving", "renaming"]
    return listed.code == 0 && homes.allSatisfy { listed.text.contains("\"\($0.interface)\"") }
      && chains.allSatisfy { listed.text.contains("chain \($0) {") }
  }

  // MARK: Rules

  /// From the interfaces that there are. In ``alone(_:)``: an older list never replaces a newer.
  private func writeRules() async throws(DriverError) {
    let homes = try counters().keys.compactMap { plan.home(named: $0) }.sorted { $0.slot < $1.slot }
    try await handing(try rules(homes).text, as: "rules") { path async throws(DriverError) in
      try await Tool("nft").run(["-f", path])
    }
  }

  func rules(_ homes: [NetworkHome]) throws(DriverError) -> NetworkRules {
    // The table is there with the first rule that asks about connections; until then there is nothing to share.
    NetworkRules(
      plan: plan, homes: homes, resolvers: settings.resolvers, closed: settings.closed, flows: settings.flows,
      allFlows: try trackedByHost().map { $0 / 2 } ?? settings.flows)
  }

  /// How many connections the host's kernel can follow at once; `nil` while it follows none. 0: without a bound.
  func trackedByHost() throws(DriverError) -> Int? {
    guard let text = try HostFile.text(Self.tracked) else { return nil }
    return Int(text.prefix { $0 != "\n" })
  }

  static let tracked = "/proc/sys/net/netfilter/nf_conntrack_max"

  /// Gives a program a text in a file.
  func handing(
    _ text: String, as name: String, _ body: (String) async throws(DriverError) -> Void
  ) async throws(DriverError) {
    try HostFile.makeFolder(folder, mode: 0o700)
    let path = TemporaryName.beside("\(folder)/\(name)")
    let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_EXCL)
    do throws(DriverError) {
      try HostFile.write(Array(text.utf8), to: file.number, named: path)
      try await body(path)
    } catch {
      unlink(path)
      throw error
    }
    unlink(path)
  }

  /// One after the other, in all processes that look after this folder.
  private func alone(_ body: () async throws(DriverError) -> Void) async throws(DriverError) {
    try HostFile.makeFolder(folder, mode: 0o700)
    let file = try Descriptor(opening: folder + "/lock", O_RDWR | O_CREAT)
    while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        throw DriverError(errno: code, attempted: "flock \(folder)/lock")
      }
      guard await Poller.shared.sleep(until: .now + .milliseconds(5)) == .timeOver else {
        throw DriverError(.failed, attempted: "lock the networks", words: "cancelled while another acts on them")
      }
    }
    defer { flock(file.number, LOCK_UN) }
    try await body()
  }
}
