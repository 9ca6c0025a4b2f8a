import Client
import Foundation
import Testing
import Wire

@testable import RenterKit

@Suite struct DoorTests {
  private let file = RemotePath("/a b/ü.txt") ?? .root

  private func read(_ bench: Bench, _ lease: String, pays: Bool = false) async throws -> String {
    let local = bench.folder.appendingPathComponent("got-\(UUID().uuidString)")
    try await bench.client(pays: pays) { try await $0.download(file, of: lease, to: local.path) }
    return try String(contentsOf: local, encoding: .utf8)
  }

  @Test func downloadsThroughTheDoorWithThePathEncoded() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      #expect(try await read(bench, lease.id) == "content")
      let path = bench.shop.state.withLock { $0.requests.last?.path }
      #expect(path == "/dav/\(lease.id)/a%20b/%C3%BC.txt")
    }
  }

  @Test func uploadsWhatAFileHoldsAndTellsHowFarItIs() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      let local = bench.folder.appendingPathComponent("big")
      let content = Data((0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try content.write(to: local)
      try await bench.client { try await $0.upload(local.path, to: file, of: lease.id) }
      let request = try #require(bench.shop.state.withLock { $0.requests.last })
      #expect(request.method == "PUT")
      #expect(request.headers.first(name: "Content-Length") == "700000")
      #expect(request.body == Array(content))
    }
  }

  @Test func aStaleCredentialIsSwappedOnceAndKept() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      let before = try bench.state.storedLease(lease.id)?.credential
      bench.upset { $0.staleDoors = true }
      #expect(try await read(bench, lease.id) == "content")
      #expect(bench.shop.state.withLock { $0.swaps } == 1)
      let after = try bench.state.storedLease(lease.id)?.credential
      #expect(after != nil)
      #expect(after != before)
      #expect(after?.preimage == before?.preimage)
      #expect(bench.payments.count == 1)
    }
  }

  @Test func aDoorThatWantsMoneyGetsNoneWithoutLeave() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      bench.upset { $0.unpaidDoors = true }
      let error = await bench.failure { _ = try await read(bench, lease.id) }
      guard case .paymentRequired(let problem) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(problem.amountMsat == bench.shop.price)
      #expect(bench.payments.count == 1)
    }
  }

  @Test func withLeaveItIsPaidAndTheSameRequestGoesOn() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent()
      bench.upset { $0.unpaidDoors = true }
      #expect(try await read(bench, lease.id, pays: true) == "content")
      #expect(bench.payments.count == 2)
      let address = try #require(ServerAddress(bench.server.address))
      #expect(try bench.state.unfinishedPurchases(of: address).isEmpty)
      #expect(try await read(bench, lease.id) == "content")
    }
  }

  @Test func aFailedDownloadLeavesWhatWasThere() async throws {
    try await Bench.run { bench in
      let local = bench.folder.appendingPathComponent("kept")
      _ = try bench.state
      try Data("old".utf8).write(to: local)
      let error = await bench.failure {
        try await bench.client { try await $0.download(file, of: Shop.newID(), to: local.path) }
      }
      guard case .noCredential = error else { Issue.record("\(String(describing: error))"); return }
      #expect(try String(contentsOf: local, encoding: .utf8) == "old")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: bench.folder.path).allSatisfy { !$0.hasSuffix(".part") })
    }
  }
}
