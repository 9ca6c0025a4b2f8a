import Engine
import Foundation
import Ledger
import Synchronization
import TestKit
import Testing
import Units

@testable import Drivers

struct GenerationFenceTests {
  private let lease = ResourceDriverConformance.newLease()

  @Test("a generation is written down before anything is done under it")
  func writesFirst() async throws {
    try await TemporaryFolder.with { folder in
      let fence = try GenerationFence(folder: folder)
      try await fence.exclusively(lease, 5, as: "test") { () throws(DriverError) in
        #expect(try fence.record(of: lease) == .init(generation: 5, destroyed: false))
      }
      await expectFenced { () throws(DriverError) in
        try await fence.exclusively(lease, 4, as: "test") { () throws(DriverError) in
          _ = Issue.record("an old order was obeyed")
        }
      }
      try await fence.exclusively(lease, 5, as: "test") { () throws(DriverError) in }
    }
  }

  @Test("one acts at a time, also through fences opened apart")
  func excludes() async throws {
    try await TemporaryFolder.with { folder in
      let inside = Inside()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            do {
              try await GenerationFence(folder: folder).exclusively(lease, 1, as: "test") { () throws(DriverError) in
                #expect(
                  inside.count.withLock {
                    $0 += 1; return $0
                  } == 1)
                await Task.yield()
                inside.count.withLock { $0 -= 1 }
              }
            } catch {
              Issue.record(error)
            }
          }
        }
      }
      #expect(inside.count.withLock { $0 } == 0)
    }
  }

  @Test("a failed destruction leaves no tombstone, a successful one does")
  func tombstones() async throws {
    try await TemporaryFolder.with { folder in
      let fence = try GenerationFence(folder: folder)
      await #expect(throws: DriverError.self) {
        try await fence.exclusively(lease, 2, .destroy, as: "test") { () throws(DriverError) in
          throw DriverError(.failed, attempted: "test", words: "no")
        }
      }
      #expect(try fence.record(of: lease) == .init(generation: 2, destroyed: false))
      try await fence.exclusively(lease, 2, .destroy, as: "test") { () throws(DriverError) in }
      #expect(try fence.record(of: lease) == .init(generation: 2, destroyed: true))
      await expectFenced { () throws(DriverError) in
        try await fence.exclusively(lease, 2, as: "test") { () throws(DriverError) in }
      }
      try await fence.exclusively(lease, 2, .destroy, as: "test") { () throws(DriverError) in }
      try await fence.exclusively(lease, 3, as: "test") { () throws(DriverError) in }
      #expect(try fence.record(of: lease) == .init(generation: 3, destroyed: false))
    }
  }

  @Test("old tombstones are forgotten, young ones and the living are not")
  func forgetting() async throws {
    try await TemporaryFolder.with { folder in
      let fence = try GenerationFence(folder: folder)
      let living = ResourceDriverConformance.newLease()
      try await fence.exclusively(lease, 2, .destroy, as: "test") { () throws(DriverError) in }
      try await fence.exclusively(living, 2, as: "test") { () throws(DriverError) in }
      let now = Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
      try fence.forgetTombstones(olderThan: .day, at: now)
      #expect(try fence.record(of: lease).destroyed)
      try fence.forgetTombstones(olderThan: .day, at: now + .day + .minute)
      #expect(try fence.record(of: lease) == .none)
      #expect(try fence.record(of: living).generation == 2)
    }
  }

  @Test("a copy of the descriptor, as a program that is being started has, keeps nobody out")
  func copies() async throws {
    try await TemporaryFolder.with { folder in
      let fence = try GenerationFence(folder: folder)
      let path = "\(folder)/\(lease)"
      let copy = Mutex<Int32>(-1)
      for fails in [false, true] {
        let hold: @Sendable () async throws -> Void = {
          try await fence.exclusively(lease, 1, as: "test") { () throws(DriverError) in
            for name in try HostFile.names(in: "/proc/self/fd") {
              guard let number = Int32(name),
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")) == path
              else { continue }
              copy.withLock { $0 = dup(number) }
            }
            if fails { throw DriverError(.failed, attempted: "test", words: "no") }
          }
        }
        if fails { await #expect(throws: DriverError.self) { try await hold() } } else { try await hold() }
        let kept = Descriptor(number: copy.withLock { $0 })
        #expect(kept.number >= 0)
        let other = try Descriptor(opening: path, O_RDWR)
        #expect(flock(other.number, LOCK_EX | LOCK_NB) == 0)
        _ = consume other
        _ = consume kept
      }
    }
  }

  @Test("a file that is not ours stops everything")
  func foreignFile() async throws {
    try await TemporaryFolder.with { folder in
      let fence = try GenerationFence(folder: folder)
      try HostFile.replace("\(folder)/\(lease)", with: "leasehold-fence-2 1 acting\n")
      await #expect(throws: DriverError.self) {
        try await fence.exclusively(lease, 9, as: "test") { () throws(DriverError) in _ = Issue.record("acted") }
      }
    }
  }

  private final class Inside: Sendable {
    let count = Mutex(0)
  }

  private func expectFenced(_ body: () async throws(DriverError) -> Void) async {
    do throws(DriverError) {
      try await body()
      Issue.record("it was not fenced")
    } catch {
      #expect(error.kind == .fenced)
    }
  }
}
