import Engine
import NodeRPC
import Synchronization
import Units

/// Hears a node's pushes, for as long as it lives, and wakes those who wait for settlements.
///
/// A push says "look", never what is there: it can come twice, late or not at all. Whoever is woken reads the node's
/// list. A new connection counts as a push, because what happened while there was none was pushed to nobody.
final class PushSignal: Sendable {
  typealias Listen =
    @Sendable (
      _ onOpen: @escaping @Sendable () -> Void, _ onPush: @escaping @Sendable () -> Void
    ) async throws(RPCError) -> Void

  /// How time passes between two connections.
  struct Pauses: Sendable {
    var now: @Sendable () -> ContinuousClock.Instant = { .now }
    var sleep: @Sendable (Duration) async -> Void = {
      _ = await Deadlines.shared.wait($0)  // Ended by cancellation, as the loop is.
    }

    static let shortest = Duration.milliseconds(200)
    static let longest = Duration.seconds(10)
    /// A connection that lasts so long is one; what ends sooner is another try that failed.
    static let steady = Duration.seconds(30)
  }

  private let listen: Listen
  private let pauses: Pauses
  private let bell = Bell()
  private let listener = Mutex<Task<Void, Never>?>(nil)

  init(pauses: Pauses = Pauses(), _ listen: @escaping Listen) {
    self.pauses = pauses
    self.listen = listen
  }

  deinit { listener.withLock { $0?.cancel() } }

  /// Pushes heard so far. Read it, look, and wait for more than it.
  func count() -> Int {
    start()
    return bell.count
  }

  /// Returns at the next push, when the time is over, or when the task is cancelled.
  func wait(beyond seen: Int, atMost time: Seconds) async {
    let signal = bell.signal
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await signal.wait(beyond: seen) }
      // Cancelled is as good an end as any.
      group.addTask { _ = await Deadlines.shared.wait(.seconds(time.count)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func start() {
    listener.withLock { task in
      guard task == nil else { return }
      let (listen, pauses, bell) = (listen, pauses, bell)
      task = Task {
        var pause = Pauses.shortest
        while !Task.isCancelled {
          let opened = Mutex<ContinuousClock.Instant?>(nil)
          do throws(RPCError) {
            try await listen(
              {
                opened.withLock { $0 = pauses.now() }
                bell.ring()
              }, { bell.ring() })
          } catch {
            // A listener that is down costs time, never a settlement: who waits looks now and then without being told.
          }
          let isSteady = opened.withLock { $0 }.map { pauses.now() - $0 >= Pauses.steady } ?? false
          pause = isSteady ? Pauses.shortest : min(Pauses.longest, pause * 2)
          await pauses.sleep(pause)
        }
      }
    }
  }
}

private final class Bell: Sendable {
  let signal = SettlementSignal(count: 0)
  private let rings = Mutex(0)

  var count: Int { rings.withLock { $0 } }

  func ring() {
    let count = rings.withLock { rings in
      rings += 1
      return rings
    }
    signal.publish(count)
  }
}
