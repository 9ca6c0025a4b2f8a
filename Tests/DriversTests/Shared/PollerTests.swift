import Engine
import Foundation
import Glibc
import TestKit
import Testing

@testable import Drivers

struct PollerTests {
  @Test("a pipe is read when something comes, and to its end")
  func reads() async throws {
    let pipe = try PipeEnds(ours: .reading)
    let reading = Task { try await pipe.read() }
    await Task.yield()
    #expect(Glibc.write(pipe.theirNumber, "abc", 3) == 3)
    #expect(try await reading.value == Array("abc".utf8))
    pipe.closeTheirs()
    #expect(try await pipe.read() == nil)
  }

  @Test("what was written before the end is read, though somebody else keeps the pipe open")
  func endsWhereItIsTold() async throws {
    let pipe = try PipeEnds(ours: .reading)
    let (seen, sink) = AsyncStream<[UInt8]>.makeStream()
    let reading = Task {
      while let bytes = try await pipe.read() { sink.yield(bytes) }
      sink.finish()
    }
    #expect(Glibc.write(pipe.theirNumber, "abc", 3) == 3)
    var all: [UInt8] = []
    for await bytes in seen {
      all += bytes
      if all.count == 3 { pipe.endReading() }
    }
    try await reading.value
    #expect(all == Array("abc".utf8))
  }

  @Test("a full pipe holds its writer, and one that nobody reads ends it without a signal")
  func writes() async throws {
    let pipe = try PipeEnds(ours: .writing)
    let writing = Task { try await pipe.write([UInt8](repeating: 7, count: 1 << 20)) }
    var taken = 0
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while taken < 1 << 19 { taken += max(0, Glibc.read(pipe.theirNumber, &buffer, buffer.count)) }
    pipe.closeTheirs()
    #expect(try await writing.value == false)
  }

  @Test("a wait that is cancelled is over, and so is one that is woken")
  func wakes() async throws {
    let far = ContinuousClock.now + .seconds(3_600)
    let sleeper = Task { await Poller.shared.sleep(until: far) }
    sleeper.cancel()
    #expect(await sleeper.value == .woken)
    let ticket = Poller.shared.ticket()
    // Also when it comes first.
    Poller.shared.wake(ticket)
    #expect(await Poller.shared.sleep(until: far, ticket: ticket) == .woken)
    #expect(await Poller.shared.sleep(until: .now) == .timeOver)
  }

  @Test("whoever listens to a file hears of a write, also of one before it waited")
  func watches() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/watch-\(UInt64.random(in: .min ... .max))"
    try HostFile.makeFolder(folder, mode: 0o700)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
    let file = try Descriptor(opening: folder + "/log", O_WRONLY | O_CREAT)
    let early = FileWatch.shared.news(of: [folder + "/log", folder + "/missing"])
    try HostFile.write([1], to: file.number, named: "log")
    let far = ContinuousClock.now + .seconds(3_600)
    await early.wait(until: far)
    let late = FileWatch.shared.news(of: [folder + "/log"])
    async let heard: Void = late.wait(until: far)
    try HostFile.write([2], to: file.number, named: "log")
    await heard
  }
}
