import Dispatch
import Synchronization
import Units

/// Work that repeats: sampling, reconciling, sweeping. Never overlaps itself, and jittered by a tenth, so that the
/// daemons on one database do not all do it at once.
public final class DispatchTicker: Sendable {
  // Dispatch sources may be used from any thread (libdispatch locks them); the protocol is not marked so on Linux.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer
  private let ticks: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation
  private let microseconds: Int64

  /// - Parameter every: at least a millisecond.
  public init(every: Duration) {
    let (seconds, attoseconds) = every.components
    microseconds = max(1_000, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    (ticks, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "leasehold.ticker", qos: .utility))
    timer.setEventHandler(handler: DispatchTicker.handler(continuation))
    timer.activate()
    arm()
  }

  deinit {
    timer.cancel()
    continuation.finish()
  }

  private static func handler(_ continuation: AsyncStream<Void>.Continuation) -> DispatchWorkItem {
    DispatchWorkItem { continuation.yield() }
  }

  private func arm() {
    let jitter = microseconds / 10
    let wait = microseconds + (jitter > 0 ? Int64.random(in: -jitter...jitter) : 0)
    timer.schedule(deadline: .now() + .microseconds(Int(wait)), leeway: .microseconds(Int(jitter / 4)))
  }

  /// Does `body` at each tick until the task is cancelled. The next tick is armed when the last has ended.
  public func run(_ body: @Sendable () async -> Void) async {
    for await _ in ticks {
      await body()
      arm()
    }
  }
}
