import Engine
import Foundation
import Testing

@testable import Drivers

@Suite struct CgroupModeTests {
  static let hybrid = """
    27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
    35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
    37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
    39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
    40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
    """

  @Test func hybridHasAMountForEachController() throws {
    let mode = try CgroupMode(mountInfo: Self.hybrid)
    #expect(mode.version == .hybrid)
    #expect(mode.controllers["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct")
    #expect(mode.tracking == "/sys/fs/cgroup/freezer")
    #expect(mode.hierarchies.count == 6)
  }

  @Test func unifiedHasOneTree() throws {
    let mode = try CgroupMode(
      mountInfo: "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate")
    #expect(mode.version == .unified)
    #expect(mode.controllers.isEmpty)
    #expect(mode.hierarchies == ["/sys/fs/cgroup"])
    #expect(mode.tracking == "/sys/fs/cgroup")
  }

  @Test func aMissingControllerIsNamed() {
    let error = DriverError(.unavailable, attempted: "find control groups", words: "not mounted: pids")
    #expect(throws: error) {
      try CgroupMode(mountInfo: Self.hybrid.replacingOccurrences(of: "rw,pids", with: "rw,other"))
    }
  }
}

/// The files of the second version, as a kernel writes them, in a folder.
@Suite struct CgroupUnifiedTests {
  func fixture(_ files: [String: String], _ body: (Cgroup) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/leasehold-cgroup-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder + "/g", withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/g/" + name)) }
    let mode = try CgroupMode(mountInfo: "30 23 0:26 / \(folder) rw - cgroup2 cgroup2 rw")
    try await body(Cgroup(mode: mode, path: "/g"))
    try FileManager.default.removeItem(atPath: folder)
  }

  @Test func countersAreRead() async throws {
    try await fixture([
      "cpu.stat": "usage_usec 123456\nuser_usec 100000\nsystem_usec 23456\n",
      "memory.current": "5000000\n", "memory.stat": "anon 4000000\nfile 1000000\ninactive_file 600000\n",
      "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n", "pids.current": "7\n",
      "cgroup.procs": "11\n12\n",
    ]) { (group: Cgroup) async throws in
      #expect(try group.cpuMicroseconds() == 123_456)
      #expect(try group.memoryBytes() == 4_400_000)
      #expect(try group.oomKills() == 2)
      #expect(try group.tasks() == 7)
      #expect(try group.processes() == [11, 12])
    }
  }

  @Test func frozenIsWhatTheEventsSay() async throws {
    try await fixture(["cgroup.events": "populated 1\nfrozen 1\n", "cgroup.freeze": "0\n"]) {
      (group: Cgroup) async throws in
      #expect(try group.isFrozen())
      try await group.freeze()
      #expect(try HostFile.text(group.mode.hierarchies[0] + "/g/cgroup.freeze")?.first == "1")
    }
    try await fixture(["cgroup.events": "populated 1\nfrozen 0\n", "cgroup.freeze": "1\n"]) {
      (group: Cgroup) async throws in
      #expect(try !group.isFrozen())
      try await group.thaw()
      #expect(try HostFile.text(group.mode.hierarchies[0] + "/g/cgroup.freeze")?.first == "0")
    }
  }

  @Test func whatIsNotThereHasNoCounters() async throws {
    try await fixture([:]) { (group: Cgroup) async throws in
      #expect(try group.child("x").cpuMicroseconds() == nil)
      #expect(try group.child("x").processes() == [])
      #expect(!group.child("x").exists)
    }
  }
}
