import Foundation
import Glibc
import Networks
import Testing

@testable import Drivers

/// A network namespace that plays the world: a cable to this host, and servers at the other end.
struct World: Sendable {
  let name: String
  /// The host's address on the cable: one of its own that no lease was told of.
  let host: IPv4Address
  /// The world's, a public one.
  let address: IPv4Address
  /// More of the world's: what leases are not to reach.
  let near: [IPv4Address]

  private init() throws {
    let number = UInt32.random(in: 0..<(1 << 20))
    name = "lhw\(String(number, radix: 16))"
    // A block that is nobody's here, four addresses for each test.
    host = IPv4Address(bits: 25 << 24 | number << 2 | 1)
    address = IPv4Address(bits: 25 << 24 | number << 2 | 2)
    near = [10 << 24 | 66 << 16, 100 << 24 | 99 << 16, 169 << 24 | 254 << 16, 192 << 24 | 168 << 16].map {
      IPv4Address(bits: $0 | (number & 0xffff))
    }
  }

  static func with(_ body: (World) async throws -> Void) async throws {
    let world = try World()
    do {
      try await world.make()
      try await body(world)
    } catch {
      try await world.end()
      throw error
    }
    try await world.end()
  }

  private func ip(_ words: String) async throws {
    try await Tool("ip").run(words.split(separator: " ").map(String.init))
  }

  private func make() async throws {
    try await ip("netns add \(name)")
    try await ip("link add \(name) type veth peer name eth0 netns \(name)")
    try await ip("address add \(host)/30 dev \(name)")
    for setting in ["ipv4/conf/\(name)/forwarding=1", "ipv6/conf/\(name)/disable_ipv6=1"] {
      let parts = setting.split(separator: "=")
      try Data(parts[1].utf8).write(to: URL(fileURLWithPath: "/proc/sys/net/\(parts[0])"))
    }
    try await ip("link set \(name) up")
    for words in ["link set lo up", "link set eth0 up", "address add \(address)/30 dev eth0"] {
      try await ip("-n \(name) \(words)")
    }
    try await ip("-n \(name) route add default via \(host)")
    for one in near {
      try await ip("-n \(name) address add \(one)/32 dev lo")
      try await ip("route add \(one)/32 via \(address) dev \(name)")
    }
    for port in [7_000, 53] { try await serve(port, "/bin/busybox cat") }
    try await serve(7_001, "/bin/busybox cat /dev/zero")
    try await serve(7_002, "/bin/busybox wc -c")
  }

  private func serve(_ port: Int, _ program: String) async throws {
    try await inside(
      "busybox nc -ll -p \(port) -e \(program) >/dev/null 2>&1 </dev/null & echo $! >> /run/\(name).pids")
  }

  /// A server of the host itself, on all of its addresses; its port.
  func serveOnTheHost() async throws -> Int {
    let port = Int.random(in: 20_000..<30_000)
    let script =
      "busybox nc -ll -p \(port) -e /bin/busybox cat >/dev/null 2>&1 </dev/null & echo $! >> /run/\(name).pids"
    try await Tool("setsid").run(["--fork", "--wait", "sh", "-c", script])
    return port
  }

  private func end() async throws {
    for process in try (HostFile.text("/run/\(name).pids") ?? "").split(separator: "\n").compactMap({ pid_t($0) }) {
      kill(process, SIGKILL)
    }
    try HostFile.removeFile("/run/\(name).pids")
    // Its other end may have taken it along.
    try await Tool("ip").run(["link", "delete", name], accepting: [0, 1])
    try await ip("netns delete \(name)")
  }

  /// What a shell says that is in a network namespace: the world's, if no other is named.
  @discardableResult
  func inside(_ script: String, of space: String? = nil) async throws -> (code: Int32, out: String) {
    let outcome = try await Tool("nsenter").run(
      ["--net=\(LeaseNetworks.spaces)/\(space ?? name)", "setsid", "--fork", "--wait", "/bin/sh", "-c", script],
      accepting: Set(0...255))
    return (outcome.code, outcome.text)
  }

  /// Packets that have come.
  func packets() async throws -> Int {
    let line = try await inside("cat /proc/self/net/dev").out.split(separator: "\n").first { $0.contains("eth0:") }
    return try #require(line?.split(separator: " ").dropFirst(2).first.flatMap { Int($0) })
  }
}

extension NetworkSettings {
  /// Of a test's own: two installations on one host have two blocks.
  static func ofTests() throws -> NetworkSettings {
    var settings = NetworkSettings()
    let block = IPv4Address(bits: 10 << 24 | 128 << 16 | .random(in: 0..<256) << 14)
    settings.range = try #require(IPv4Range("\(block)/18"))
    settings.uidBase = 0x2000_0000
    return settings
  }
}
