import Engine
import Foundation
import Glibc
import Leasing
import Ledger
import TestKit
import Testing
import Text
import Units

@testable import Drivers

@Suite(.serialized, .containerHost()) struct ComputeIsolationTests {
  @Test func memoryIsLimited() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let killed = try await host.run("exec dd if=/dev/zero of=/dev/null bs=128M count=1", in: lease)
      #expect(killed.code == 137)
      // A bare number does not say who did it.
      #expect(killed.err.contains("all of its 64 MiB of memory"))
      #expect(try await host.run("kill -9 $$", in: lease).err == "")
      #expect(try #require(try host.driver.runGroup(lease).oomKills()) > 0)
      #expect(try await host.phase(lease) == .running)
    }
  }

  @Test func sharedMemoryLeavesRoomForCommands() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      // What lies there stays, and is memory of the container.
      let full = try await host.run("dd if=/dev/zero of=/dev/shm/full bs=1M count=200", in: lease)
      #expect(full.code != 0)
      #expect(full.err.contains("No space left"))
      let names = try await host.run(
        "i=0; while true 2>/dev/null >/dev/shm/$i; do i=$((i+1)); done; echo $i", in: lease)
      #expect(try #require(Int(names.out.split(separator: "\n").last ?? "")) <= 4_096)
      #expect(try await host.run("echo still here", in: lease).out == "still here\n")
      #expect(try #require(try host.driver.runGroup(lease).oomKills()) == 0)
    }
  }

  @Test func aForkBombIsHeld() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec(pids: 40)
      let lease = try await host.container(spec)
      // Each process that could be started lasts, so that the count stands when it is looked at.
      let sleepers = try await host.run("while :; do sleep 1000 </dev/null >/dev/null 2>&1 & done", in: lease)
      #expect(sleepers.code != 0)
      #expect(sleepers.err.contains("fork"))
      let group = host.driver.runGroup(lease)
      #expect(try (35...40).contains(#require(try group.tasks())))
      #expect(try await host.phase(lease) == .running)
      _ = try await host.driver.destroy(lease, generation: 2)
    }
  }

  @Test func processorTimeIsLimited() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(host.spec(command: ["/bin/sh", "-c", "while :; do :; done"], cpu: 200))
      let group = host.driver.group(lease)
      let began = ContinuousClock.now
      let start = try #require(try group.cpuMicroseconds())
      try await host.eventually("it gets none") { try #require(try group.cpuMicroseconds()) >= start + 300_000 }
      // 0.3 s at a fifth of a core are 1.5 s; two periods' grace.
      #expect(began.duration(to: .now) >= .milliseconds(1_300))
    }
  }

  @Test func theDiskIsLimited() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let full = try await host.run("dd if=/dev/zero of=/full bs=1M count=200", in: lease)
      #expect(full.code != 0)
      #expect(full.err.contains("No space left"))
      #expect(try await host.run("rm /full && echo ok > /small && cat /small", in: lease).out == "ok\n")
      let disk = try #require(try await host.driver.measure(nil).first?.levels[.disk])
      #expect(disk < 32 << 20)
    }
  }

  @Test func outputCannotFillTheHost() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(host.spec(command: ["/bin/sh", "-c", "yes; echo done > /done; sleep 1000"]))
      let driver = host.driver
      // Each measurement rotates.
      try await host.eventually("it was not rotated") {
        _ = try await driver.measure(nil)
        return HostFile.exists(driver.bundle(lease).olderOutput)
      }
      var kept = 0
      for try await part in try await driver.logs(of: lease, tail: nil, follow: false) { kept += part.count }
      #expect(kept > 0)
      #expect(Int64(kept) <= 2 * OutputLog.partSize)
    }
  }

  /// Through rotations, a rotation that was broken off, and another daemon.
  @Test func eachByteOfTheLogKeepsItsPosition() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container(
        host.spec(command: [
          "/bin/sh", "-c", "seq -w 1 200000; while [ ! -e /go ]; do sleep 0.1; done; seq -w 1 100000",
        ]))
      let bundle = host.driver.bundle(lease)
      let output = OutputLog(bundle)
      func size() throws -> Int { try HostFile.bytes(bundle.output)?.count ?? 0 }
      func whole(_ start: Int64) throws -> (bytes: [UInt8], start: Int64) {
        var found = try output.read(from: start)
        while true {
          let more = try output.read(from: found.start + Int64(found.bytes.count))
          if more.bytes.isEmpty { return found }
          #expect(more.start == found.start + Int64(found.bytes.count))
          found.bytes += more.bytes
        }
      }
      let line = 7
      try await host.eventually("it did not write") { try size() == 200_000 * line }
      let before = try whole(0)
      #expect(before.start == 0)
      #expect(before.bytes.count == 200_000 * line)
      try output.rotate()
      #expect(try size() == 0)
      // The same bytes at the same positions, as far as they are kept.
      let after = try whole(0)
      #expect(after.start == Int64(before.bytes.count) - OutputLog.partSize)
      #expect(after.bytes == Array(before.bytes.dropFirst(Int(after.start))))
      let tail = try output.tail(2)
      #expect(tail.bytes == Array("199999\n200000\n".utf8))
      #expect(tail.start == 200_000 * 7 - 14)
      let end = Int64(before.bytes.count)
      #expect(try output.read(from: end).bytes.isEmpty && output.read(from: end).start == end)
      try await host.run("touch /go", in: lease)
      try await host.eventually("it did not write on") { try size() == 100_000 * line }
      let next = try await host.another().logs(of: lease, .from(end), follow: false)
      var bytes: [UInt8] = []
      for try await part in next.output { bytes += part }
      #expect(next.position == end)
      #expect(bytes.count == 100_000 * line)
      #expect(bytes.starts(with: Array("000001\n".utf8)))
      // Whoever died after it was truncated, and before.
      let marks = { (base: Int, cutting: Int) in
        func digits(_ number: Int) -> String { String(String(number + 1_000_000_000_000_000_000).dropFirst()) }
        try HostFile.replace(
          bundle.logMarks, with: "leasehold-log-1 \(digits(base)) \(digits(base)) \(digits(cutting))\n")
      }
      // Not truncated yet: the file is as long as what is to go.
      try marks(Int(end), 100_000 * line)
      #expect(try output.read(from: end).start == end)
      #expect(try output.read(from: end).bytes.starts(with: Array("000001\n".utf8)))
      // Truncated already: what is there now comes behind it.
      try marks(Int(end) - 900_000, 900_000)
      #expect(try output.read(from: end).start == end)
      #expect(try output.read(from: end).bytes.starts(with: Array("000001\n".utf8)))
      // A renter who throws his own log away is told so.
      #expect(try output.read(from: end + 10_000_000).start == end)
    }
  }

  @Test func itHasNoNetworkNoCapabilitiesAndNoHost() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec(environment: ["GREETING": "hello"])
      let lease = try await host.container(spec)
      #expect(try await host.run("grep -c : /proc/net/dev; echo $GREETING", in: lease).out == "1\nhello\n")
      #expect(try await host.run("ip -4 addr show up | grep -c inet", in: lease).out == "1\n")
      for place in ["self", "1"] {
        let status = try await host.run("cat /proc/\(place)/status", in: lease).out
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
          #expect(status.contains("\(set):\t0000000000000000"), "\(place) \(set)")
        }
        #expect(status.contains("NoNewPrivs:\t1"))
        #expect(status.contains("Seccomp:\t2"))
      }
      #expect(try await host.run("ls \(host.folder)", in: lease).code != 0)
      #expect(try await host.run("mount -t tmpfs x /tmp", in: lease).code != 0)
      #expect(try await host.run("unshare -U true", in: lease).code != 0)
      #expect(try await host.run("cat /proc/kcore | head -c 1 | wc -c", in: lease).out == "0\n")
      #expect(try await host.run("echo 1 > /proc/sys/kernel/panic", in: lease).code != 0)
      #expect(try await host.run("ip link show lo", in: lease).code == 0)
      #expect(try await host.run("cat /proc/mounts", in: lease).out.contains(host.folder) == false)
      // It may listen anywhere in its own network.
      #expect(try await host.run("nc -l -p 80 -w 1 </dev/null & kill $!", in: lease).code == 0)
    }
  }

  @Test func itsRootIsTheLeasesFirstUidAndTheImageStaysTheHosts() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      let lease = try await host.container(spec)
      #expect(
        try await host.run("id -u; cat /proc/self/uid_map | tr -s ' '", in: lease).out
          == "0\n 0 \(spec.uidBase) 65536\n")
      #expect(try await host.run("touch /mine; stat -c %u:%g /mine /bin/busybox", in: lease).out == "0:0\n0:0\n")
      #expect(try await host.run("echo x > /bin/busybox.new; rm /bin/yes; echo out > /dev/stdout", in: lease).code == 0)
      var status = stat()
      #expect(lstat(host.driver.bundle(lease).upper + "/mine", &status) == 0)
      #expect(status.st_uid == spec.uidBase)
      #expect(HostFile.exists(host.folder + "/image/rootfs/bin/yes"))
      #expect(!HostFile.exists(host.folder + "/image/rootfs/bin/busybox.new"))
    }
  }

  @Test func anAttachedDiskIsTheSameFromBothSides() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/leasehold-volume-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
    let uid: UInt32 = 0x3000_0000
    #expect(chown(folder, uid, uid) == 0)
    let disk = LeaseID.random()
    let volumes = OneVolume(lease: disk, volume: Volume(root: folder, uid: uid, gid: uid))
    try await ComputeHost.with(volumes: volumes) { (host: ComputeHost) async throws in
      let lease = try await host.container(host.spec(attach: disk))
      #expect(try await host.run("echo shared > /disk/file; stat -c %u /disk/file", in: lease).out == "0\n")
      var status = stat()
      #expect(lstat(folder + "/file", &status) == 0)
      #expect(status.st_uid == uid)
      #expect(try MountTable.read().mounted(on: host.driver.bundle(lease).lower) == nil)
      // Only the container's own mount holds the disk.
      #expect(try MountTable.read().mounted(on: host.driver.bundle(lease).disk) == nil)
      var other = host.spec()
      other.disk = .random()
      let error = await #expect(throws: DriverError.self) { try await host.driver.provision(other, generation: 1) }
      #expect(error?.kind == .unavailable)
    }
  }

  struct OneVolume: VolumeAccess {
    let lease: LeaseID
    let volume: Volume

    func volume(of lease: LeaseID) async throws(DriverError) -> Volume {
      if lease == self.lease { return volume }
      throw DriverError(.absent, attempted: "find \(lease)", words: "there is none")
    }
    func usage(of lease: LeaseID) async throws(DriverError) -> VolumeUsage {
      throw DriverError(.absent, attempted: "measure \(lease)", words: "there is none")
    }
  }
}
