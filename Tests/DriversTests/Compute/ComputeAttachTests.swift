import Engine
import Glibc
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Drivers

/// Disks of both kinds in a real container, and out of it again.
@Suite(.containerHost(), .serialized) struct ComputeAttachTests {
  enum Method: CaseIterable, Sendable { case btrfs, ext4 }

  private func with(
    _ method: Method, _ body: (ComputeHost, any DiskResourceDriver, LeaseID) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let configuration = DiskConfiguration(stateDirectory: folder, size: .mebibytes(512))
      let disks: any DiskResourceDriver =
        switch method {
        case .btrfs: try await BtrfsDiskDriver.open(configuration, clock: ManualClock())
        case .ext4: try await ImageDiskDriver.open(configuration, clock: ManualClock())
        }
      let disk = LeaseID.random()
      let outcome: Result<Void, any Error>
      do {
        try await disks.provision(
          ResourceSpec(lease: disk, resources: Resources(disk: .mebibytes(64)), uidBase: 0x3000_0000), generation: 1)
        try await ComputeHost.with(volumes: disks) { host in try await body(host, disks, disk) }
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      _ = try await disks.destroy(disk, generation: .max)
      try await disks.close()
      try outcome.get()
    }
  }

  /// It stands in the disk, holds a file of it open, and has hidden another in a socket where no list shows it.
  private static let clinging = """
    mkdir -p /disk/sub; cd /disk/sub; exec 3>>held; trap '' TERM HUP
    while :; do echo x >&3; echo y >>/disk/named; done
    """

  @Test(.needs(.btrfs), arguments: Method.allCases)
  func whatWasOpenThroughTheMountEndsWithIt(_ method: Method) async throws {
    try await with(method) { host, disks, disk in
      var spec = host.spec(command: ["/bin/sh", "-c", Self.clinging])
      spec.attached = AttachedDisk(lease: disk, isReadOnly: false)
      let lease = try await host.container(spec)
      let root = try await disks.volume(of: disk).root
      func size(_ name: String) -> Int64 {
        var status = stat()
        return lstat("\(root)/\(name)", &status) == 0 ? Int64(status.st_size) : -1
      }
      try await host.eventually("it writes") { size("sub/held") > 0 && size("named") > 0 }
      try await host.driver.setDisk(nil, of: lease)
      let (held, named) = (size("sub/held"), size("named"))
      // It runs again, and what it calls /disk is its own.
      #expect(try await host.phase(lease) == .running)
      try await host.eventually("it runs again") {
        try await host.run("ls -l /disk/named && ! grep -q ' /disk ' /proc/mounts", in: lease).code == 0
      }
      #expect(size("sub/held") == held)
      #expect(size("named") == named)
      try await host.driver.setDisk(nil, of: lease)
      // Nothing keeps the disk: it goes while the container runs.
      _ = try await disks.destroy(disk, generation: 2)
      #expect(try await disks.inspect(disk).phase == .absent)
      #expect(try await host.phase(lease) == .running)
    }
  }

  @Test(.needs(.btrfs), arguments: Method.allCases)
  func aReadOnlyOneCannotBeWritten(_ method: Method) async throws {
    try await with(method) { host, disks, disk in
      let lease = try await host.container()
      let attached = AttachedDisk(lease: disk, isReadOnly: true)
      try await host.driver.setDisk(attached, of: lease)
      let said = try await host.run("touch /disk/a; mount -o remount,rw /disk; touch /disk/b; ls /disk", in: lease)
      #expect(said.out == "")
      #expect(said.err.contains("Read-only file system"))
      let group = try host.driver.runGroup(lease).processes()
      try await host.driver.setDisk(attached, of: lease)
      #expect(try host.driver.runGroup(lease).processes() == group, "it has this one already")
      try await host.driver.setDisk(AttachedDisk(lease: disk, isReadOnly: false), of: lease)
      #expect(try await host.run("touch /disk/a && ls /disk", in: lease).out == "a\n")
      try await host.driver.setDisk(nil, of: lease)
    }
  }

  /// Stopped, frozen, ended by itself: each stays what it is, and has no disk when it runs next.
  @Test(.needs(.btrfs)) func howAContainerStandsIsLeftAlone() async throws {
    try await with(.btrfs) { host, disks, disk in
      func box(_ command: String) async throws -> LeaseID {
        var spec = host.spec(command: ["/bin/sh", "-c", command])
        spec.attached = AttachedDisk(lease: disk, isReadOnly: false)
        return try await host.container(spec)
      }
      let (stopped, frozen, ended) = (try await box("sleep 1d"), try await box("sleep 1d"), try await box("true"))
      try await host.eventually("it ends") { try await host.phase(ended) == .stopped }
      try await host.driver.stop(stopped)
      try await host.driver.suspend(frozen, generation: 2)
      for lease in [stopped, frozen, ended] { try await host.driver.setDisk(nil, of: lease) }
      #expect(try await host.phase(stopped) == .stopped)
      #expect(try await host.phase(ended) == .stopped)
      #expect(try await host.phase(frozen) == .suspended)
      var spec = host.spec(frozen, command: ["/bin/sh", "-c", "sleep 1d"])
      spec.uidBase = try host.driver.made(frozen, "look at").spec.uidBase
      try await host.driver.resume(spec, generation: 3)
      try await host.driver.start(stopped)
      for lease in [stopped, frozen] {
        #expect(try await host.run("grep -c ' /disk ' /proc/mounts", in: lease).out == "0\n")
      }
      await #expect(throws: DriverError.self) { try await host.driver.setDisk(nil, of: .random()) }
    }
  }
}
