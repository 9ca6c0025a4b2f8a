import Dispatch
import Foundation
import Glibc
import Ledger
import NIOCore
import Synchronization
import TestKit
import Testing

@testable import Files

@Suite struct WorkTests {
  private static let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (7, 44))

  @Test func leasesTakeTurns() {
    var queue = FairQueue<String, Int>(most: 2, each: 1, longest: 2)
    #expect(queue.enter(1, of: "a") == .starts)
    #expect(queue.enter(2, of: "a") == .waits)
    #expect(queue.enter(3, of: "a") == .waits)
    #expect(queue.enter(4, of: "a") == .isRefused)
    #expect(queue.enter(5, of: "b") == .starts)
    #expect(queue.enter(6, of: "c") == .waits)
    // The place that b leaves is not a's, who is at work already.
    #expect(queue.leave("b").map { $0.job } == 6)
    #expect(queue.leave("a").map { $0.job } == 2)
    #expect(queue.enter(7, of: "b") == .waits)
    // b came later than a's third, but a had its turn.
    #expect(queue.leave("c").map { $0.job } == 7)
    #expect(queue.withdraw(of: "a") { $0 == 3 } == [3])
    #expect(queue.leave("a") == nil)
    #expect(queue.leave("b") == nil)
    #expect(queue.enter(8, of: "a") == .starts)
    #expect(queue.enter(9, of: "b") == .starts)
  }

  /// A long job lets a short one pass: it would else wait for it for ever, here.
  @Test func turnsEnd() async {
    let flags = Flags()
    let turnstile = Turnstile(open: 1, slice: .zero)
    async let long: Void = Self.blocking {
      turnstile.pass { turn in
        flags.began.signal()
        while !flags.passed.load(ordering: .sequentiallyConsistent) { turn.pause() }
      }
    }
    async let short: Void = Self.blocking {
      flags.began.wait()
      turnstile.pass { _ in flags.passed.store(true, ordering: .sequentiallyConsistent) }
    }
    _ = await (long, short)
  }

  private final class Flags: Sendable {
    let began = DispatchSemaphore(value: 0)
    let passed = Atomic<Bool>(false)
  }

  /// Runs where blocking is allowed.
  private static func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: body()) }
    }
  }

  /// One piece of a listing is bounded by bytes, not only by names: it is made before the client takes it.
  @Test func aListingComesInPieces() async throws {
    let disk = try Disk()
    for index in 0..<60 { try disk.write("x", to: "\(index)") }
    let folder = Descriptor(owning: open(disk.root, O_RDONLY | O_DIRECTORY))
    var listing = FolderListing(folder, of: Self.lease)
    var pages: [Int] = []
    var isLast = false
    while !isLast {
      let (next, page) = try await listing.page { _, text in
        text.writeString(String(repeating: "x", count: 10_000))
      }
      listing = next
      isLast = page.isLast
      pages.append(page.text.readableBytes)
    }
    #expect(pages.allSatisfy { $0 < FolderListing.mostBytes + 10_000 })
    #expect(pages.reduce(0, +) == 600_000)
  }
}
