import Engine
import Glibc
import Synchronization
import Testing
import Units

@testable import Scheduling

/// A machine whose clocks a test sets.
private final class Hands: Sendable {
  private let clocks = Mutex((wall: Int64(1_800_000_000_000_000), boot: Int64(5_000_000)))

  func read(_ clock: clockid_t) -> Int64 { clocks.withLock { clock == CLOCK_REALTIME ? $0.wall : $0.boot } }
  func turn(wall: Seconds = 0, boot: Seconds = 0) {
    clocks.withLock {
      $0.wall += wall.microseconds
      $0.boot += boot.microseconds
    }
  }
}

@Suite struct ClockLeapTests {
  /// Nobody acts at the later time before the leap has been taken note of.
  @Test func aLeapIsNotBelievedUntilItIsAccepted() throws {
    let hands = Hands()
    let clock = SystemClock(reading: { hands.read($0) })
    let start = clock.now()
    #expect(clock.leap() == nil)
    hands.turn(wall: .day * 2 + 3, boot: 3)
    #expect(clock.now() == start + 3)
    hands.turn(wall: 4, boot: 4)
    #expect(clock.now() == start + 7)
    let leap = try #require(clock.leap())
    #expect(leap.from == start + 7)
    #expect(leap.to == start + 7 + .day * 2)
    // What could not be written down is reported again.
    #expect(clock.leap()?.to == leap.to)
    clock.accept(leap)
    #expect(clock.now() == leap.to)
    #expect(clock.leap() == nil)
  }

  @Test func smallStepsAndStepsBackAreFollowed() {
    let hands = Hands()
    let clock = SystemClock(reading: { hands.read($0) })
    let start = clock.now()
    hands.turn(wall: 1)
    #expect(clock.now() == start + 1)
    #expect(clock.leap() == nil)
    hands.turn(wall: 1)
    #expect(clock.now() == start + 2)
    #expect(clock.leap() == nil)
    hands.turn(wall: .zero - .day)
    #expect(clock.now() == start + 2 - .day)
    #expect(clock.leap() == nil)
    // Time asleep went by.
    hands.turn(wall: .hour, boot: .hour)
    #expect(clock.now() == start + 2 - .day + .hour)
    #expect(clock.leap() == nil)
  }
}

@Suite struct KeeperThreadsTests {
  /// Whatever fills the threads that all tasks share: what keeps time goes on, with what it calls and awaits.
  @Test(.timeLimit(.minutes(2))) func nothingElseFillsThem() async {
    let keeper = KeeperThreads(2)
    let gate = DispatchGate()
    let fillers = (0..<64).map { _ in Task.detached { gate.pass() } }
    await withTaskExecutorPreference(keeper) {
      for await number in AsyncStream<Int>(unfolding: { await KeeperThreadsTests.next() }) where number > 100 { break }
      await withTaskGroup(of: Int.self) { group in
        for number in 0..<100 { group.addTask { number } }
        #expect(await group.reduce(0, +) == 4_950)
      }
      // Here, and not behind: to go on elsewhere needs one of the threads that are full.
      gate.open()
    }
    for filler in fillers { await filler.value }
  }

  private static let count = Atomic<Int>(0)
  private static func next() async -> Int? {
    await Task.yield()
    return count.add(1, ordering: .relaxed).newValue
  }
}
