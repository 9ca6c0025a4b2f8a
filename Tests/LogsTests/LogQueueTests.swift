import Foundation
import Glibc
import Logging
import Testing

@testable import Logs

@Suite struct LogQueueTests {
  /// A pipe that is read to its end when its writing side is closed.
  private struct Pipe {
    let reading: CInt
    let writing: CInt

    init() throws {
      var ends: [CInt] = [0, 0]
      try #require(pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
    }

    func bytes(_ most: Int = 1 << 22) -> [UInt8] {
      var found: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while found.count < most {
        let count = read(reading, &buffer, min(buffer.count, most - found.count))
        guard count > 0 else { break }
        found += buffer[..<count]
      }
      return found
    }

    func text() -> String { String(decoding: bytes(), as: UTF8.self) }

    /// The same on a thread of its own, from now on: closing a queue waits for it, wherever that is done.
    func toItsEnd() -> AsyncStream<String> {
      AsyncStream { continuation in
        Thread.detachNewThread {
          continuation.yield(text())
          continuation.finish()
        }
      }
    }
    func finish() { close(writing) }
  }

  private func queue(_ pipe: Pipe, capacity: Int = 1 << 16, writes: Bool = true) -> LogQueue {
    LogQueue(descriptor: pipe.writing, capacity: capacity, writes: writes) { Array("lost \($0)\n".utf8) }
  }

  @Test func linesOfManyComeWholeAndInOrder() async throws {
    let pipe = try Pipe()
    let queue = queue(pipe, capacity: 1 << 20)
    let reading = pipe.toItsEnd()
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask { for number in 0..<500 { queue.put(Array("\(writer) \(number) abcdefgh\n".utf8)) } }
      }
    }
    queue.close()
    pipe.finish()
    let lines = await reading.reduce("", +).split(separator: "\n")
    #expect(lines.count == 4_000)
    #expect(lines.allSatisfy { $0.hasSuffix(" abcdefgh") })
    for writer in 0..<8 {
      let numbers = lines.filter { $0.hasPrefix("\(writer) ") }.compactMap { Int($0.split(separator: " ")[1]) }
      #expect(numbers == Array(0..<500))
    }
  }

  /// The ring comes round to its beginning many times, also in the middle of a line.
  @Test func theRingGoesRound() throws {
    let pipe = try Pipe()
    let queue = queue(pipe, capacity: 256, writes: false)
    var expected = ""
    for number in 0..<200 {
      let line = String(repeating: "x", count: number % 90) + "\(number)\n"
      expected += line
      queue.put(Array(line.utf8))
      #expect(queue.flush())
    }
    pipe.finish()
    #expect(pipe.text() == expected)
  }

  /// Nobody waits for who does not read: what does not fit is counted, and told of.
  @Test func whatDoesNotFitIsCounted() throws {
    let pipe = try Pipe()
    let queue = queue(pipe, capacity: 1 << 10, writes: false)
    for _ in 0..<1_000 { queue.put(Array("as usual\n".utf8)) }
    let usual = ((1 << 10) - (1 << 7)) / 9
    #expect(queue.lostInAll == 1_000 - usual)
    // What is wrong has room of its own, behind the word of the loss.
    queue.put(Array("wrong\n".utf8), isUrgent: true)
    #expect(queue.flush())
    queue.put(Array("after\n".utf8))
    #expect(queue.flush())
    pipe.finish()
    let expected = String(repeating: "as usual\n", count: usual) + "lost \(1_000 - usual)\nwrong\nafter\n"
    #expect(pipe.text() == expected)
  }

  /// A loss is told of though no line follows.
  @Test func theLastLossIsToldOf() throws {
    let pipe = try Pipe()
    let queue = queue(pipe, capacity: 1 << 10, writes: false)
    for _ in 0..<200 { queue.put(Array("as usual\n".utf8)) }
    queue.flush()
    queue.flush()
    pipe.finish()
    #expect(pipe.text().hasSuffix("as usual\nlost \(queue.lostInAll)\n"))
  }

  @Test func aReaderThatDoesNotReadHoldsNobodyUp() async throws {
    let pipe = try Pipe()
    let queue = queue(pipe, capacity: 1 << 20)
    // More than pipe and ring hold.
    let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
    for _ in 0..<20_000 { queue.put(line) }
    #expect(queue.lostInAll > 0)
    #expect(!queue.flush(within: .milliseconds(100)))
    // The reader comes back.
    let first = pipe.bytes(500_000)
    #expect(first.count == 500_000)
    #expect(first.starts(with: line))
    let reading = pipe.toItsEnd()
    queue.close()
    pipe.finish()
    let lines = await (String(decoding: first, as: UTF8.self) + reading.reduce("", +)).split(separator: "\n")
    let lost = lines.filter { $0.hasPrefix("lost ") }.compactMap { Int($0.dropFirst(5)) }.reduce(0, +)
    #expect(lost == queue.lostInAll)
    #expect(lines.count(where: { $0.hasPrefix("x") }) == 20_000 - lost)
  }

  /// What the handler of a fatal signal does, while a thread that is dead by then holds every lock.
  @Test func aDyingProcessWritesTheRest() throws {
    let pipe = try Pipe()
    let queue = queue(pipe, writes: false)
    queue.put(Array("first\n".utf8))
    queue.put(Array("last\n".utf8))
    queue.whileLocked { queue.writeTheRest() }
    pipe.finish()
    #expect(pipe.text() == "first\nlast\n")
  }

  @Test func nobodyReadsAnyMore() throws {
    let pipe = try Pipe()
    let queue = queue(pipe, writes: false)
    signal(SIGPIPE, SIG_IGN)
    close(pipe.reading)
    queue.put(Array("into the void\n".utf8))
    #expect(queue.flush())
    pipe.finish()
  }
}
