import Engine
import Foundation
import Leasing
import Ledger
import TestKit
import Testing
import Text
import Units

@testable import Drivers

@Suite("btrfs volumes", .needs(.root, .btrfs, .loop), .serialized)
struct BtrfsDiskDriverTests {
  @Test(arguments: ResourceDriverConformance.allCases)
  func conforms(_ promise: ResourceDriverConformance) async throws {
    try await Self.with { try await promise.run(on: $0) }
  }

  @Test("a write past the quota fails, and removing makes room again", .timeLimit(.minutes(5)))
  func quota() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let volume = try await bench.disk.volume(of: lease)
      await #expect(throws: (any Error).self) { try await Fill.write(12 << 20, to: volume.root + "/a") }
      let usage = try await bench.disk.usage(of: lease)
      #expect(usage.limit == .mebibytes(8))
      #expect(usage.used.count > 7 << 20, "\(usage)")
      #expect(usage.used <= usage.limit, "\(usage)")
      try await Fill.remove(volume.root + "/a") {
        try await bench.disk.pool.commit()
        return try await bench.disk.usage(of: lease).used.count < 1 << 20
      }
      try await Fill.write(4 << 20, to: volume.root + "/b")
      try await bench.disk.resize(bench.larger(lease), generation: 2)
      try await Fill.write(8 << 20, to: volume.root + "/c")
    }
  }

  @Test("usage shows a write at once, written back or not, and a removal after a commit", .timeLimit(.minutes(5)))
  func freshUsage() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      let empty = try await bench.disk.usage(of: lease).used.count
      try await Fill.write(1 << 20, to: root + "/a", synchronously: false)
      #expect(try await bench.disk.usage(of: lease).used.count >= empty + (1 << 20))
      try await Fill.write(1 << 20, to: root + "/b", synchronously: true)
      #expect(try await bench.disk.usage(of: lease).used.count >= empty + (2 << 20))
      let measured = try #require(try await bench.disk.measure(nil).first)
      #expect(try #require(measured.levels[.disk]) >= empty + (2 << 20))
      #expect(measured.at == bench.clock.now())
      try await Fill.remove(root + "/a") {
        try await bench.disk.pool.commit()
        return try await bench.disk.usage(of: lease).used.count < empty + (2 << 20)
      }
    }
  }

  @Test("a suspended volume takes no write, not even through a descriptor that was open, and keeps its data")
  func suspension() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      try await Fill.write(1 << 20, to: root + "/a")
      let open = try Descriptor(opening: root + "/a", O_WRONLY)
      try await bench.disk.suspend(lease, generation: 2)
      await #expect(throws: DriverError.self) { try await bench.disk.volume(of: lease) }
      #expect(try await bench.disk.usage(of: lease).limit == .mebibytes(8))
      await #expect(throws: (any Error).self) { try await Fill.write(1, to: root + "/b") }
      let bytes = [UInt8](repeating: 7, count: 1 << 16)
      let refused = pwrite(open.number, bytes, bytes.count, 2 << 20) < 0 || fsync(open.number) < 0
      #expect(refused)
      try await bench.disk.resume(bench.spec(lease), generation: 3)
      try await Fill.write(1, to: root + "/b")
      #expect(FileManager.default.contents(atPath: root + "/a")?.count ?? 0 >= 1 << 20)
    }
  }

  @Test("a volume becomes no smaller than what is in it", .timeLimit(.minutes(5)))
  func refusedShrinking() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.larger(lease), generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      try await Fill.write(10 << 20, to: root + "/a")
      for generation in Int64(2)...3 {
        let error = await #expect(throws: DriverError.self) {
          try await bench.disk.resize(bench.spec(lease), generation: generation)
        }
        #expect(error?.kind == .noSpace)
        #expect(error?.words.contains("\(8 << 20)") == true)
      }
      #expect(try await bench.disk.usage(of: lease).limit == bench.larger(lease).resources.disk)
      try await Fill.write(1 << 20, to: root + "/b")
      try await bench.disk.suspend(lease, generation: 4)
      let error = await #expect(throws: DriverError.self) {
        try await bench.disk.resume(bench.spec(lease), generation: 5)
      }
      #expect(error?.kind == .noSpace)
      #expect(try await bench.disk.inspect(lease).phase == .suspended)
      try await bench.disk.resume(bench.larger(lease), generation: 6)
      try await Fill.write(1 << 20, to: root + "/c")
    }
  }

  /// As one is whose limit was lowered below what it holds.
  @Test("a volume that holds more than its limit is sealed, opened and destroyed", .timeLimit(.minutes(5)))
  func overfull() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.larger(lease), generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      try await Fill.write(12 << 20, to: root + "/a")
      let id = try #require(try Subvolume.id(of: root))
      var record = try #require(try VolumeRecord.read(in: bench.disk.folder(lease)))
      record.limit = 8 << 20
      try record.write(in: bench.disk.folder(lease))
      func squeeze() throws { try Qgroup.limit(id, to: 8 << 20, bench.disk.pool.descriptor()) }
      try await bench.disk.pool.commit()
      try squeeze()
      for generation in [Int64(2), 4] {
        try await bench.disk.suspend(lease, generation: generation)
        #expect(try await bench.disk.inspect(lease).phase == .suspended)
        await #expect(throws: (any Error).self) { try await Fill.write(1, to: root + "/b") }
        try await bench.disk.resume(bench.spec(lease), generation: generation + 1)
        #expect(try await bench.disk.inspect(lease).phase == .running)
        // It takes nothing more, and what is in it can be read.
        await #expect(throws: (any Error).self) { try await Fill.write(1 << 20, to: root + "/c") }
        #expect(FileManager.default.contents(atPath: root + "/a")?.count == 12 << 20)
      }
      try squeeze()
      try await bench.disk.suspend(lease, generation: 6)
      #expect(try await bench.disk.destroy(lease, generation: 7).method == .discarded)
      #expect(try await bench.traces(of: lease) == [])
    }
  }

  @Test("destroying frees the blocks of the image, and subvolumes a renter has made inside go too")
  func reclaim() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      var spec = bench.spec(lease)
      spec.resources.disk = .mebibytes(64)
      try await bench.disk.provision(spec, generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      try Subvolume.make("inner", in: root)
      try Subvolume.make("inmost", in: root + "/inner")
      try await Fill.write(24 << 20, to: root + "/inner/inmost/a")
      try await Fill.write(24 << 20, to: root + "/a")
      try await bench.disk.pool.commit()
      let inner = try bench.disk.pool.tree(of: root)
      #expect(inner.count == 3)
      #expect(try await bench.disk.usage(of: lease).used.count >= 48 << 20)
      let image = try #require(bench.disk.pool.loop?.image)
      let before = Self.allocated(image)
      try await bench.disk.suspend(lease, generation: 2)
      let receipt = try await bench.disk.destroy(lease, generation: 3)
      #expect(receipt.method == .discarded)
      #expect(receipt.detail.contains("3 subvolumes"))
      #expect(Self.allocated(image) <= before - (40 << 20))
      #expect(Set(try bench.disk.pool.qgroups.ids).isDisjoint(with: inner))
    }
  }

  @Test("a renter cannot reach another's volume through the host's paths")
  func isolation() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let folder = bench.disk.folder(lease)
      let attributes = try FileManager.default.attributesOfItem(atPath: folder)
      #expect(attributes[.posixPermissions] as? Int == 0o710)
      #expect(attributes[.groupOwnerAccountID] as? UInt32 == 1_000_000)
      let volume = try await bench.disk.volume(of: lease)
      let owner = try FileManager.default.attributesOfItem(atPath: volume.root)
      #expect(owner[.ownerAccountID] as? UInt32 == volume.uid)
      let options = try #require(try MountTable.read().containing(LoopMount.canonical(volume.root))).options
      #expect(options.isSuperset(of: ["nosuid", "nodev"]))
    }
  }

  @Test("the pool is unmounted and its device freed by closing, grows when asked, and is found again")
  func pool() async throws {
    try await TemporaryFolder.with { folder in
      let clock = ManualClock()
      let lease = ResourceDriverConformance.newLease()
      var configuration = DiskConfiguration(stateDirectory: folder, size: .mebibytes(256))
      let first = try await BtrfsDiskDriver.open(configuration, clock: clock)
      let image = try #require(first.pool.loop?.image)
      #expect(try LoopMount.devices(backedBy: image).count == 1)
      let resources = Resources(disk: .mebibytes(8))
      try await first.provision(ResourceSpec(lease: lease, resources: resources, uidBase: 7), generation: 1)
      try await Fill.write(1 << 20, to: first.volume(of: lease).root + "/kept")
      try await first.close()
      #expect(try MountTable.read().mounted(on: LoopMount.canonical(folder) + "/disk") == nil)
      #expect(try LoopMount.devices(backedBy: image) == [])
      configuration.size = .mebibytes(512)
      let second = try await BtrfsDiskDriver.open(configuration, clock: clock)
      let kept = try await second.volume(of: lease).root + "/kept"
      #expect(FileManager.default.contents(atPath: kept)?.count == 1 << 20)
      let space = try FileManager.default.attributesOfFileSystem(forPath: second.pool.root)
      #expect((space[.systemSize] as? Int64 ?? 0) >= 512 << 20)
      try await second.close()
    }
  }

  @Test("a folder on a btrfs of the provider's serves too, and is left mounted")
  func foreignPool() async throws {
    try await Self.with { bench in
      let configuration = DiskConfiguration(
        stateDirectory: bench.configuration.stateDirectory, pool: bench.disk.pool.root + "/theirs", size: 0)
      let driver = try await BtrfsDiskDriver.open(configuration, clock: bench.clock)
      let lease = ResourceDriverConformance.newLease()
      try await driver.probe()
      try await driver.provision(bench.spec(lease), generation: 1)
      #expect(try await driver.list().map(\.lease) == [lease])
      #expect(try await bench.disk.list().isEmpty)
      #expect(try await driver.destroy(lease, generation: 2).method == .discarded)
      try await driver.close()
      #expect(try bench.disk.pool.loop?.entry() != nil)
      await #expect(throws: DriverError.self) {
        try await BtrfsDiskDriver.open(
          DiskConfiguration(stateDirectory: "/tmp", pool: "/proc", size: 0), clock: bench.clock)
      }
    }
  }

  private static func allocated(_ path: String) -> Int64 {
    var status = stat()
    lstat(path, &status)
    return Int64(status.st_blocks) * 512
  }

  static func with(_ body: (DiskBench<BtrfsDiskDriver>) async throws -> Void) async throws {
    try await DiskBench<BtrfsDiskDriver>.with(
      open: { try await BtrfsDiskDriver.open($0, clock: $1) }, halfMade: halfMade, halfDestroyed: halfDestroyed,
      look: { driver, _ in
        // A subvolume without a name shows as a qgroup that no volume owns.
        let owned = try await driver.list().flatMap { try driver.pool.tree(of: driver.data($0.lease)) }
        return try driver.pool.qgroups.ids.filter { $0 >= 256 && !owned.contains($0) }.map { "qgroup 0/\($0)" }
      }, body)
  }

  private static func halfMade(_ configuration: DiskConfiguration) -> [HalfDone] {
    let leases = configuration.stateDirectory + "/disk/leases/"
    return [
      HalfDone("folder") { try HostFile.makeFolder(leases + $0.lease.description, mode: 0o710) },
      HalfDone("subvolume without limit") {
        try HostFile.makeFolder(leases + $0.lease.description, mode: 0o710)
        try Subvolume.make("data", in: leases + $0.lease.description)
      },
      HalfDone("record half written") {
        try HostFile.makeFolder(leases + $0.lease.description, mode: 0o710)
        try Subvolume.make("data", in: leases + $0.lease.description)
        let path = TemporaryName.beside(leases + $0.lease.description + "/volume")
        try HostFile.replace(path, with: "leaseh")
      },
    ]
  }

  private static func halfDestroyed(_ configuration: DiskConfiguration) -> [HalfDone] {
    let leases = configuration.stateDirectory + "/disk/leases/"
    @Sendable func doom(_ spec: ResourceSpec) throws {
      let folder = leases + spec.lease.description
      let id = try Subvolume.id(of: folder + "/data")
      try HostFile.replace(folder + "/doomed", with: "\(id ?? 0)\n")
    }
    return [
      HalfDone("written down") { try doom($0) },
      HalfDone("record gone") {
        try doom($0)
        try VolumeRecord.remove(in: leases + $0.lease.description)
      },
      HalfDone("subvolume unlinked") {
        try doom($0)
        try VolumeRecord.remove(in: leases + $0.lease.description)
        try Subvolume.delete("data", in: leases + $0.lease.description)
      },
    ]
  }
}
