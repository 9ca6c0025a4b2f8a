import Engine
import Foundation
import Leasing
import Ledger
import Logging
import TestKit
import Testing
import Units

@testable import Drivers

@Suite("choosing a disk driver", .needs(.root, .btrfs, .loop), .serialized)
struct DiskDriverTests {
  private let logger = Logger(label: "test")

  @Test("btrfs where it works")
  func prefersBtrfs() async throws {
    try await TemporaryFolder.with { folder in
      let opened = try await open(folder, .automatic)
      #expect(opened.driver.name == "btrfs")
      #expect(opened.reason.contains("quotas hold"))
      try await opened.driver.close()
      let again = try await open(folder, .automatic)
      #expect(again.reason.contains("its pool"))
      try await again.driver.close()
    }
  }

  @Test("images where btrfs fails, and it says why")
  func fallsBack() async throws {
    try await TemporaryFolder.with { folder in
      // Something in the way of the mount point.
      try Data().write(to: URL(fileURLWithPath: folder + "/disk"))
      let opened = try await open(folder, .automatic)
      #expect(opened.driver.name == "ext4")
      #expect(opened.reason.contains("btrfs does not serve here"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/disk.btrfs"))
      try await opened.driver.close()
    }
  }

  @Test("what was begun is kept to")
  func keepsTo() async throws {
    try await TemporaryFolder.with { folder in
      let first = try await open(folder, .ext4)
      let lease = ResourceDriverConformance.newLease()
      let spec = ResourceSpec(lease: lease, resources: Resources(disk: .mebibytes(4)), uidBase: 5)
      try await first.driver.provision(spec, generation: 1)
      try await first.driver.close()
      let second = try await open(folder, .automatic)
      #expect(second.driver.name == "ext4")
      #expect(try await second.driver.inspect(lease).phase == .running)
      try await second.driver.close()
    }
  }

  private func open(_ folder: String, _ method: DiskConfiguration.Method) async throws -> DiskDriver.Opened {
    try await DiskDriver.open(
      DiskConfiguration(method: method, stateDirectory: folder, size: .mebibytes(256)), clock: ManualClock(),
      logger: logger)
  }
}
