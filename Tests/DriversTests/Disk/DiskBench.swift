import Engine
import Foundation
import Leasing
import Ledger
import Synchronization
import TestKit
import Text
import Units

@testable import Drivers

/// A disk driver in a folder of its own, unmounted and removed at the end.
final class DiskBench<Driver: DiskResourceDriver>: ResourceDriverBench {
  typealias Open = @Sendable (DiskConfiguration, any WallClock) async throws -> Driver

  let configuration: DiskConfiguration
  let clock = ManualClock(Instant(unixSeconds: Int64(Date().timeIntervalSince1970)))
  let halfMade: [HalfDone]
  let halfDestroyed: [HalfDone]
  private let open: Open
  private let current: Mutex<Driver>
  private let look: @Sendable (Driver, LeaseID) async throws -> [String]

  private init(
    _ configuration: DiskConfiguration, _ open: @escaping Open, halfMade: [HalfDone], halfDestroyed: [HalfDone],
    look: @escaping @Sendable (Driver, LeaseID) async throws -> [String]
  ) async throws {
    self.configuration = configuration
    self.open = open
    self.halfMade = halfMade
    self.halfDestroyed = halfDestroyed
    self.look = look
    current = Mutex(try await open(configuration, clock))
  }

  static func with(
    open: @escaping Open, halfMade: (DiskConfiguration) -> [HalfDone], halfDestroyed: (DiskConfiguration) -> [HalfDone],
    look: @escaping @Sendable (Driver, LeaseID) async throws -> [String],
    size: ByteCount = .mebibytes(512),
    _ body: (DiskBench) async throws -> Void
  ) async throws {
    try await TemporaryFolder.with { folder in
      let configuration = DiskConfiguration(stateDirectory: folder, size: size)
      let bench = try await DiskBench(
        configuration, open, halfMade: halfMade(configuration), halfDestroyed: halfDestroyed(configuration), look: look)
      let outcome: Result<Void, any Error>
      do {
        outcome = .success(try await body(bench))
      } catch {
        outcome = .failure(error)
      }
      try await bench.disk.close()
      try outcome.get()
    }
  }

  var disk: Driver { current.withLock { $0 } }
  var driver: any ResourceDriver { disk }

  func spec(_ lease: LeaseID) -> ResourceSpec {
    ResourceSpec(lease: lease, resources: Resources(disk: .mebibytes(8)), uidBase: 1_000_000)
  }

  func larger(_ lease: LeaseID) -> ResourceSpec {
    ResourceSpec(lease: lease, resources: Resources(disk: .mebibytes(16)), uidBase: 1_000_000)
  }

  func traces(of lease: LeaseID) async throws -> [String] {
    let name = lease.description
    var found = try FileManager.default.subpathsOfDirectory(atPath: configuration.stateDirectory).filter {
      $0.contains(name) && !$0.contains("fences/")
    }
    found += try MountTable.read().entries.map(\.mountPoint).filter { $0.contains(name) }
    for device in try FileManager.default.contentsOfDirectory(atPath: "/sys/block") where device.hasPrefix("loop") {
      let backing = try? String(contentsOfFile: "/sys/block/\(device)/loop/backing_file", encoding: .utf8)
      if let backing, backing.contains(name) { found.append(device) }
    }
    return try await found + look(disk, lease)
  }

  func restart() async throws {
    let next = try await open(configuration, clock)
    current.withLock { $0 = next }
  }
}

/// A folder that nobody else has, gone afterwards.
enum TemporaryFolder {
  static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
  }
}
