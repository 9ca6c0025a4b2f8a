import Synchronization

/// Holds back whoever comes until it is opened, and tells a test that somebody has come. Whoever waits at it does not
/// notice being cancelled: it is for simulating what hangs.
public final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var arrived = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
    var watching: [(count: Int, CheckedContinuation<Void, Never>)] = []
  }
  private let state = Mutex(State())

  public init() {}

  public func pass() async {
    await withCheckedContinuation { continuation in
      let (ready, isOpen) = state.withLock { state in
        state.arrived += 1
        if !state.isOpen { state.waiting.append(continuation) }
        let ready = state.watching.filter { $0.count <= state.arrived }
        state.watching.removeAll { $0.count <= state.arrived }
        return (ready.map(\.1), state.isOpen)
      }
      for watcher in ready { watcher.resume() }
      if isOpen { continuation.resume() }
    }
  }

  /// Returns when so many have come.
  public func arrivals(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.arrived < count { state.watching.append((count, continuation)) }
        return state.arrived >= count
      }
      if isThere { continuation.resume() }
    }
  }

  public func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for one in waiting { one.resume() }
  }
}
