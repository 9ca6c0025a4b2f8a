import Dispatch
import Engine
import Glibc
import Scheduling
import Synchronization
import Units

/// How late a ring is: the engine's alarm against a bare Dispatch timer, one deadline at a time, otherwise idle.
enum Lateness {
  static func measure(_ world: World) async throws -> [Figure] {
    let deadlines = world.quick ? 60 : 300
    var (ours50, ours99, bare50, bare99) = ([Double](), [Double](), [Double](), [Double]())
    for _ in 0..<world.rounds {
      let bare = await lateness(of: BareTimer.init, deadlines)
      let ours = await lateness(of: { ring in DispatchAlarm(clock: SystemClock(), ring: ring) }, deadlines)
      bare50.append(Figure.quantile(0.5, of: bare))
      bare99.append(Figure.quantile(0.99, of: bare))
      ours50.append(Figure.quantile(0.5, of: ours))
      ours99.append(Figure.quantile(0.99, of: ours))
    }
    let note = "\(deadlines) deadlines of 2–20 ms a round; less is better"
    return [
      Figure(
        "timer lateness p50", against: "DispatchSourceTimer", unit: "ms", ours: ours50, theirs: bare50, note: note),
      Figure(
        "timer lateness p99", against: "DispatchSourceTimer", unit: "ms", ours: ours99, theirs: bare99, note: note),
    ]
  }

  /// Milliseconds from each deadline to its ring.
  private static func lateness(
    of make: (@escaping @Sendable () -> Void) -> any Alarm, _ deadlines: Int
  ) async -> [Double] {
    let (rings, ring) = AsyncStream<Instant>.makeStream()
    let clock = SystemClock()
    let alarm = make { ring.yield(clock.now()) }
    var iterator = rings.makeAsyncIterator()
    var late: [Double] = []
    for _ in 0..<deadlines {
      let deadline = clock.now().advanced(byMicroseconds: .random(in: 2_000...20_000))
      alarm.set(noLaterThan: deadline)
      guard let rang = await iterator.next() else { break }
      late.append(Double(rang.microseconds(since: deadline)) / 1_000)
    }
    return late
  }
}

/// The yardstick: a timer that is set and rings, and knows nothing else.
private final class BareTimer: Alarm {
  // Dispatch sources may be used from any thread (libdispatch locks them); the protocol is not marked so on Linux.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init(ring: @escaping @Sendable () -> Void) {
    timer = DispatchSource.makeTimerSource(
      flags: .strict, queue: DispatchQueue(label: "bench.timer", qos: .userInitiated))
    timer.setEventHandler(handler: DispatchWorkItem(block: ring))
    timer.schedule(wallDeadline: .distantFuture)
    timer.activate()
  }

  deinit { timer.cancel() }

  func set(noLaterThan moment: Instant) {
    let (seconds, rest) = moment.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    timer.schedule(
      wallDeadline: DispatchWallTime(timespec: timespec(tv_sec: Int(seconds), tv_nsec: Int(rest) * 1_000)),
      leeway: .nanoseconds(0))
  }
}
