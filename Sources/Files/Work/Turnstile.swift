import Dispatch
import Synchronization

/// Lets a few threads work at a time and makes the others wait for their turn (round robin): who has worked for a slice
/// while somebody waits goes to the end of the queue. So a short job never waits for a long one to end.
final class Turnstile: Sendable {
  private struct State {
    var free: Int
    var waiting: [DispatchSemaphore] = []
  }

  private let state: Mutex<State>
  private let slice: Duration

  init(open: Int, slice: Duration) {
    state = Mutex(State(free: open))
    self.slice = slice
  }

  /// Waits for a turn, runs `body`, and gives the turn to who waits. Blocks: for threads that may.
  func pass<Result>(_ body: (Turn) throws -> Result) rethrows -> Result {
    enter()
    defer { leave() }
    return try body(Turn(self))
  }

  /// One thread's turn.
  final class Turn: Sendable {
    private let turnstile: Turnstile
    private let began = Mutex(ContinuousClock.now)

    fileprivate init(_ turnstile: Turnstile) {
      self.turnstile = turnstile
    }

    /// To be called often by the thread whose turn it is: lets others go first when the slice is over.
    func pause() {
      let isOver = began.withLock { ContinuousClock.now - $0 >= turnstile.slice }
      guard isOver else { return }
      turnstile.letOthersPass()
      began.withLock { $0 = .now }
    }
  }

  private func enter() {
    let place = state.withLock { state -> DispatchSemaphore? in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      let place = DispatchSemaphore(value: 0)
      state.waiting.append(place)
      return place
    }
    place?.wait()
  }

  private func leave() {
    let next = state.withLock { state -> DispatchSemaphore? in
      guard !state.waiting.isEmpty else {
        state.free += 1
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.signal()
  }

  private func letOthersPass() {
    let (next, place) = state.withLock { state -> (DispatchSemaphore?, DispatchSemaphore?) in
      guard !state.waiting.isEmpty else { return (nil, nil) }
      let place = DispatchSemaphore(value: 0)
      state.waiting.append(place)
      return (state.waiting.removeFirst(), place)
    }
    next?.signal()
    place?.wait()
  }
}
