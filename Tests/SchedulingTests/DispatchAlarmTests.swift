import Engine
import Scheduling
import Synchronization
import Testing
import Units

@Suite(.timeLimit(.minutes(5))) struct DispatchAlarmTests {
  private func rung(_ set: (DispatchAlarm, SystemClock) -> Void) async -> Instant {
    let clock = SystemClock()
    let (rings, continuation) = AsyncStream<Instant>.makeStream()
    let alarm = DispatchAlarm(clock: clock) { continuation.yield(clock.now()) }
    set(alarm, clock)
    var first = Instant(microseconds: 0)
    for await ring in rings {
      first = ring
      break
    }
    withExtendedLifetime(alarm) {}
    return first
  }

  @Test func ringsNoEarlierThanTheEarliestMomentSet() async {
    let start = SystemClock().now()
    let ring = await rung { alarm, clock in
      alarm.set(noLaterThan: clock.now() + 3_600)
      alarm.set(noLaterThan: start.advanced(byMicroseconds: 50_000))
      alarm.set(noLaterThan: clock.now() + 60)
    }
    #expect(ring >= start.advanced(byMicroseconds: 50_000))
    #expect(ring < start + 60)
  }

  @Test func ringsAtOnceForWhatIsOverdue() async {
    let start = SystemClock().now()
    let ring = await rung { alarm, clock in alarm.set(noLaterThan: clock.now() - 100) }
    #expect(ring >= start)
  }

  @Test func ringsAgainAfterEachSetting() async {
    let clock = SystemClock()
    let (rings, continuation) = AsyncStream<Void>.makeStream()
    let alarm = DispatchAlarm(clock: clock) { continuation.yield() }
    var count = 0
    alarm.set(noLaterThan: clock.now())
    for await _ in rings {
      count += 1
      if count == 20 { break }
      alarm.set(noLaterThan: clock.now().advanced(byMicroseconds: 200))
    }
    #expect(count == 20)
  }

  @Test func aStormOfSettingsIsNotAStormOfRings() async {
    let clock = SystemClock()
    let count = Mutex(0)
    let (rings, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let alarm = DispatchAlarm(clock: clock) {
      count.withLock { $0 += 1 }
      continuation.yield()
    }
    for _ in 0..<10_000 { alarm.set(noLaterThan: clock.now()) }
    for await _ in rings { break }
    #expect(count.withLock { $0 } < 5_000)
  }

  @Test func theFarFutureDoesNotRing() async {
    let start = SystemClock().now()
    let ring = await rung { alarm, clock in
      alarm.set(noLaterThan: .distantFuture)
      alarm.set(noLaterThan: clock.now().advanced(byMicroseconds: 20_000))
    }
    #expect(ring >= start.advanced(byMicroseconds: 20_000))
  }
}

/// How often something was entered, and by how many at once.
private final class Tally: Sendable {
  private let state = Mutex((inside: 0, most: 0, count: 0))

  func enter() {
    state.withLock { state in
      state.inside += 1
      state.most = max(state.most, state.inside)
    }
  }

  /// Returns how often it was left before, this time included.
  func leave() -> Int {
    state.withLock { state in
      state.inside -= 1
      state.count += 1
      return state.count
    }
  }

  var most: Int { state.withLock { $0.most } }
  var count: Int { state.withLock { $0.count } }
}

@Suite(.timeLimit(.minutes(5))) struct DispatchTickerTests {
  @Test func ticksNeverOverlapThemselves() async {
    let ticker = DispatchTicker(every: .milliseconds(2))
    let tally = Tally()
    let (done, finish) = AsyncStream<Void>.makeStream()
    let ticking = Task {
      await ticker.run {
        tally.enter()
        await Task.yield()
        if tally.leave() == 10 { finish.finish() }
      }
    }
    for await _ in done {}
    ticking.cancel()
    #expect(tally.most == 1)
    #expect(tally.count >= 10)
  }
}

@Suite struct SystemClockTests {
  @Test func aClockThatRunsAsTimeDoesHasNotLeapt() {
    let clock = SystemClock()
    #expect(clock.leap() == nil)
    #expect(clock.now() > Instant(unixSeconds: 1_700_000_000))
  }
}
