import Synchronization

/// Wakes those who wait for the next settlement, or for the next write, at once and without polling.
final class SettlementSignal: Sendable {
  private struct State {
    var count: Int
    var nextWaiter = 0
    var isClosed = false
    /// Those waiting, and how many settlements each has seen.
    var waiters: [Int: (seen: Int, continuation: CheckedContinuation<Bool, Never>)] = [:]
  }

  private let state: Mutex<State>

  init(count: Int) {
    state = Mutex(State(count: count))
  }

  var current: Int { state.withLock { $0.count } }

  /// Says how many settlements there are by now.
  func publish(_ count: Int) {
    let woken = state.withLock { state in
      guard count > state.count else { return [CheckedContinuation<Bool, Never>]() }
      state.count = count
      let woken = state.waiters.filter { $0.value.seen < count }
      for id in woken.keys { state.waiters[id] = nil }
      return woken.values.map(\.continuation)
    }
    for continuation in woken { continuation.resume(returning: true) }
  }

  /// Lets everybody go, now and later, to find out that there is nothing to wait for.
  func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [:] }
      return state.waiters.values.map(\.continuation)
    }
    for continuation in woken { continuation.resume(returning: true) }
  }

  /// Returns `true` as soon as there are more than `seen` or it is closed, `false` when the task is cancelled.
  func wait(beyond seen: Int) async -> Bool {
    let id = state.withLock { state in
      defer { state.nextWaiter += 1 }
      return state.nextWaiter
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          if state.count > seen || state.isClosed { return true }
          // Looked at under the lock: a cancellation from here on finds the waiter below.
          if Task.isCancelled { return false }
          state.waiters[id] = (seen, continuation)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
      waiter?.continuation.resume(returning: false)
    }
  }
}
