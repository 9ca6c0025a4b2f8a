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

  private let listen: Listen
  private let bell = Bell()
  private let listener = Mutex<Task<Void, Never>?>(nil)

  init(_ listen: @escaping Listen) {
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
      group.addTask { try? await Task.sleep(for: .seconds(time.count)) }
      await group.next()
      group.cancelAll()
    }
  }

  private func start() {
    listener.withLock { task in
      guard task == nil else { return }
      let (listen, bell) = (listen, bell)
      task = Task {
        var pause = 0.2
        while !Task.isCancelled {
          do throws(RPCError) {
            try await listen({ bell.ring() }, { bell.ring() })
          } catch {
            // A listener that is down costs time, never a settlement: who waits looks now and then without being told.
            switch error.kind {
            case .lost: pause = 0.2
            case .notSent, .refused, .garbage: pause = min(10, pause * 2)
            }
          }
          try? await Task.sleep(for: .seconds(pause))  // Ended by cancellation, as the loop is.
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
