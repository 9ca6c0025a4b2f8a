import L402
import Synchronization

/// Who waits for what becomes of an invoice, by invoice: of a write nobody hears whom it does not concern.
final class InvoiceWatch: Sendable {
  private struct State {
    var isClosed = false
    var watchers: [PaymentHash: [ObjectIdentifier: Watcher]] = [:]
  }

  /// One who waits: look, then wait for more changes than there were before the look.
  final class Watcher: Sendable {
    fileprivate let hash: PaymentHash
    private let signal = SettlementSignal(count: 0)

    fileprivate init(_ hash: PaymentHash) {
      self.hash = hash
    }

    /// How often the invoice has changed.
    var count: Int { signal.current }

    /// `false` when the task was cancelled first.
    func wait(beyond seen: Int) async -> Bool { await signal.wait(beyond: seen) }

    fileprivate func changed() { signal.publish(signal.current + 1) }
    fileprivate func close() { signal.close() }
  }

  private let state = Mutex(State())

  /// How many wait.
  var count: Int { state.withLock { $0.watchers.values.reduce(0) { $0 + $1.count } } }

  /// - Returns: to be given back with ``leave(_:)``.
  func enter(_ hash: PaymentHash) -> Watcher {
    let watcher = Watcher(hash)
    let isClosed = state.withLock { state in
      if !state.isClosed { state.watchers[hash, default: [:]][ObjectIdentifier(watcher)] = watcher }
      return state.isClosed
    }
    if isClosed { watcher.close() }
    return watcher
  }

  func leave(_ watcher: Watcher) {
    state.withLock { state in
      state.watchers[watcher.hash]?[ObjectIdentifier(watcher)] = nil
      if state.watchers[watcher.hash]?.isEmpty == true { state.watchers[watcher.hash] = nil }
    }
  }

  func publish(_ changed: Set<PaymentHash>) {
    guard !changed.isEmpty else { return }
    let woken = state.withLock { state in changed.flatMap { (state.watchers[$0] ?? [:]).values } }
    for watcher in woken { watcher.changed() }
  }

  /// Lets everybody go, now and later, to find out that there is nothing to wait for.
  func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      return state.watchers.values.flatMap(\.values)
    }
    for watcher in woken { watcher.close() }
  }
}
