import Synchronization

/// Lets those who ask for the same thing go one after the other.
///
/// Where a node does not keep labels unique, "is there one? then make one" must not be done by two at once. Two daemons
/// never do: the engine reserves a label in the database before it asks.
final class OneAtATime<Key: Hashable & Sendable>: Sendable {
  private let waiting = Mutex<[Key: [CheckedContinuation<Void, Never>]]>([:])

  func run<T, Failure: Error>(_ key: Key, _ body: () async throws(Failure) -> T) async throws(Failure) -> T {
    await withCheckedContinuation { continuation in
      let isFree = waiting.withLock { waiting in
        guard waiting[key] != nil else {
          waiting[key] = []
          return true
        }
        waiting[key]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer { leave(key) }
    return try await body()
  }

  private func leave(_ key: Key) {
    let next: CheckedContinuation<Void, Never>? = waiting.withLock { waiting in
      guard let first = waiting[key]?.first else {
        waiting[key] = nil
        return nil
      }
      waiting[key]?.removeFirst()
      return first
    }
    next?.resume()
  }
}
