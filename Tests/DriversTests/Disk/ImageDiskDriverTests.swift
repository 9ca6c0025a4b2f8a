import Engine
import Foundation
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Drivers

@Suite("ext4 images", .needs(.root, .loop), .serialized)
struct ImageDiskDriverTests {
  @Test(arguments: ResourceDriverConformance.allCases)
  func conforms(_ promise: ResourceDriverConformance) async throws {
    try await Self.with { try await promise.run(on: $0) }
  }

  @Test("a write past the size fails, all that was paid for can be used, and it grows", .timeLimit(.minutes(5)))
  func quota() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let volume = try await bench.disk.volume(of: lease)
      try await Fill.write(8 << 20, to: volume.root + "/paid")
      let paid = try await bench.disk.usage(of: lease).used.count
      await #expect(throws: (any Error).self) { try await Fill.write(12 << 20, to: volume.root + "/a") }
      try await Fill.remove(volume.root + "/a") { try await bench.disk.usage(of: lease).used.count <= paid }
      #expect(try await bench.disk.usage(of: lease).used.count >= 8 << 20)
      try await bench.disk.resize(bench.larger(lease), generation: 2)
      try await Fill.write(8 << 20, to: volume.root + "/b")
      #expect(try FileManager.default.contentsOfDirectory(atPath: volume.root).sorted() == ["b", "paid"])
    }
  }

  @Test("it shrinks as far as what is in it, keeps its files, and says when that is too much")
  func shrinking() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      var spec = bench.spec(lease)
      spec.resources.disk = .mebibytes(64)
      try await bench.disk.provision(spec, generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      try await Fill.write(1 << 20, to: root + "/a")
      try await bench.disk.resize(bench.larger(lease), generation: 2)
      #expect(try await bench.disk.usage(of: lease).limit == .mebibytes(16))
      #expect(FileManager.default.contents(atPath: root + "/a")?.count == 1 << 20)
      try await Fill.write(15 << 20, to: root + "/b")
      await #expect { try await bench.disk.resize(bench.spec(lease), generation: 3) } throws: {
        ($0 as? DriverError)?.kind == .noSpace
      }
      #expect(try await bench.disk.inspect(lease).phase == .running)
      #expect(FileManager.default.contents(atPath: root + "/b")?.count == 15 << 20)
    }
  }

  @Test("its image is left alone while somebody else still uses it")
  func sizingWhatIsInUse() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      var spec = bench.spec(lease)
      spec.resources.disk = .mebibytes(64)
      try await bench.disk.provision(spec, generation: 1)
      var volume = bench.disk.volume(lease)
      volume.patience = .milliseconds(50)
      let record = try #require(try VolumeRecord.read(in: volume.folder))
      try await Fill.write(1 << 20, to: volume.data + "/a")
      do {
        // As a copy of the mount in another namespace does, it keeps the device.
        let device = try Descriptor(opening: try #require(try volume.loop.entry()).source, O_RDONLY)
        await #expect {
          try await volume.resize(from: record, to: 16 << 20)
        } throws: {
          ($0 as? DriverError)?.words == "another process still uses it"
        }
        _ = consume device
      }
      // Nothing was done, and it serves again.
      try await Fill.write(40 << 20, to: volume.data + "/b")
      try FileManager.default.removeItem(atPath: volume.data + "/b")
      try await bench.disk.resize(bench.larger(lease), generation: 2)
      #expect(FileManager.default.contents(atPath: volume.data + "/a")?.count == 1 << 20)
      await #expect(throws: (any Error).self) { try await Fill.write(40 << 20, to: volume.data + "/b") }
    }
  }

  @Test("suspending under an open file stops the file, and the data is there after resuming")
  func suspensionUnderAWriter() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let root = try await bench.disk.volume(of: lease).root
      do {
        let open = try Descriptor(opening: root + "/a", O_WRONLY | O_CREAT)
        #expect(write(open.number, "kept", 4) == 4)
        try await bench.disk.suspend(lease, generation: 2)
        await #expect(throws: DriverError.self) { try await bench.disk.volume(of: lease) }
        #expect(write(open.number, "lost", 4) < 0)
      }
      try await bench.disk.resume(bench.spec(lease), generation: 3)
      #expect(FileManager.default.contents(atPath: root + "/a") == Data("kept".utf8))
    }
  }

  @Test("destroying overwrites the blocks before it frees them")
  func erasure() async throws {
    try await Self.with { bench in
      let lease = ResourceDriverConformance.newLease()
      try await bench.disk.provision(bench.spec(lease), generation: 1)
      let volume = bench.disk.volume(lease)
      try await Fill.write(2 << 20, to: volume.data + "/a")
      // A second name keeps the blocks, so that they can be looked at afterwards.
      let witness = bench.configuration.stateDirectory + "/witness"
      #expect(link(volume.image, witness) == 0)
      let receipt = try await bench.disk.destroy(lease, generation: 2)
      #expect(receipt.method == .overwritten || receipt.detail.contains("copies on write"))
      let left = try #require(FileManager.default.contents(atPath: witness))
      #expect(left.allSatisfy { $0 == 0 })
    }
  }

  static func with(_ body: (DiskBench<ImageDiskDriver>) async throws -> Void) async throws {
    try await DiskBench<ImageDiskDriver>.with(
      open: { try await ImageDiskDriver.open($0, clock: $1) }, halfMade: halfMade, halfDestroyed: halfDestroyed,
      look: { _, _ in [] }, body)
  }

  private static func halfMade(_ configuration: DiskConfiguration) -> [HalfDone] {
    let leases = configuration.stateDirectory + "/disk-images/leases/"
    @Sendable func folder(_ spec: ResourceSpec) throws -> String {
      let folder = leases + spec.lease.description
      try HostFile.makeFolder(folder, mode: 0o710)
      return folder
    }
    return [
      HalfDone("folder") { _ = try folder($0) },
      HalfDone("image without a file system") {
        try HostFile.makeSparse(TemporaryName.beside(folder($0) + "/volume.ext4"), bytes: 1 << 20)
      },
      HalfDone("image not mounted") {
        try await ImageVolume(folder: folder($0)).make(bytes: $0.resources.disk.count)
      },
      HalfDone("mounted without a record") {
        let volume = ImageVolume(folder: try folder($0))
        try await volume.make(bytes: $0.resources.disk.count)
        try volume.loop.mount()
      },
    ]
  }

  private static func halfDestroyed(_ configuration: DiskConfiguration) -> [HalfDone] {
    let leases = configuration.stateDirectory + "/disk-images/leases/"
    return [
      HalfDone("record gone") { try VolumeRecord.remove(in: leases + $0.lease.description) },
      HalfDone("unmounted") {
        let volume = ImageVolume(folder: leases + $0.lease.description)
        try VolumeRecord.remove(in: volume.folder)
        try volume.loop.unmount()
      },
      HalfDone("image gone") {
        let volume = ImageVolume(folder: leases + $0.lease.description)
        try VolumeRecord.remove(in: volume.folder)
        try volume.loop.unmount()
        try HostFile.removeFile(volume.image)
      },
    ]
  }
}
