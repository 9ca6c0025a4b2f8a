import Ledger
import Synchronization

/// Lets somebody wait until something is written of a lease, here or by another daemon.
final class LeaseWatch: Sendable {
  private struct State {
    var next = 0
    var waiting: [LeaseID: [Int: AsyncStream<Void>.Continuation]] = [:]
  }
  private let state = Mutex(State())

  func announce(_ lease: LeaseID) {
    let waiting = state.withLock { $0.waiting[lease].map { Array($0.values) } ?? [] }
    for continuation in waiting { continuation.yield() }
  }

  /// After a lapse of the listener anything may have happened.
  func announceAll() {
    let waiting = state.withLock { $0.waiting.values.flatMap(\.values) }
    for continuation in waiting { continuation.yield() }
  }

  /// Yields once at the start and then whenever something was written; many writes may be one element.
  func changes(of lease: LeaseID) -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.next += 1
      state.waiting[lease, default: [:]][state.next] = continuation
      return state.next
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { state in
        state.waiting[lease]?[number] = nil
        if state.waiting[lease]?.isEmpty == true { state.waiting[lease] = nil }
      }
    }
    continuation.yield()
    return stream
  }
}
