import Synchronization

/// A timer queue: waiting for a moment of the monotonic clock, given up at once and without a trace when the task is
/// cancelled.
///
/// `Task.sleep` keeps what it needs until its deadline even when it was cancelled long ago. Most waits are cancelled,
/// because what was waited for came first: a stranger who asks for quotes would fill the memory with such remains. Here
/// all waits are in one heap, and only a few sleeps exist for all of them, none of which is ever cancelled.
public final class Deadlines: Sendable {
  /// The one of the process.
  public static let shared = Deadlines()

  fileprivate struct Entry {
    var deadline: ContinuousClock.Instant
    var id: UInt64
  }
  fileprivate struct State {
    /// A binary heap, the earliest first.
    var heap: [Entry] = []
    /// Where in the heap each wait is.
    var places: [UInt64: Int] = [:]
    var waiters: [UInt64: UnsafeContinuation<Bool, Never>] = [:]
    /// When somebody will look, sleep by sleep.
    var looks: [ContinuousClock.Instant] = []
    var lastID: UInt64 = 0
  }
  /// Nobody sleeps longer: so few sleeps there are, and so old.
  fileprivate static let longestSleep = Duration.seconds(30)

  private let state = Mutex(State())

  public init() {}

  /// How many waits there are, for tests and metrics.
  public var count: Int { state.withLock { $0.heap.count } }

  /// Returns `true` when the moment has come, `false` as soon as the task is cancelled.
  public func wait(until deadline: ContinuousClock.Instant) async -> Bool {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let (isOver, look) = state.withLock { state -> (Bool, ContinuousClock.Instant?) in
          // Looked at under the lock: a cancellation from here on finds the wait below.
          if Task.isCancelled { return (true, nil) }
          state.waiters[id] = continuation
          state.insert(Entry(deadline: deadline, id: id))
          return (false, state.nextLook())
        }
        if isOver { continuation.resume(returning: false) }
        if let look { self.look(at: look) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.remove(id)
        return state.waiters.removeValue(forKey: id)
      }
      waiter?.resume(returning: false)
    }
  }

  /// The same for a span from now on.
  public func wait(_ span: Duration) async -> Bool { await wait(until: .now + span) }

  /// Waits for so long.
  /// - Throws: `CancellationError`.
  public func sleep(_ span: Duration) async throws {
    guard await wait(span) else { throw CancellationError() }
  }

  /// What `body` returns; `nil` when it takes longer. It is cancelled then, and waited for.
  public func within<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
  ) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        _ = await self.wait(limit)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
  }

  private func look(at moment: ContinuousClock.Instant) {
    // Neither cancelled nor failing, it lasts as long as it says.
    Task.detached { [self] in
      try? await Task.sleep(until: moment, clock: .continuous)  // Nobody cancels it.
      let (due, next) = state.withLock { state in
        if let index = state.looks.firstIndex(of: moment) { state.looks.remove(at: index) }
        return (state.takeDue(at: .now), state.nextLook())
      }
      for waiter in due { waiter.resume(returning: true) }
      if let next { look(at: next) }
    }
  }
}

extension Deadlines.State {
  /// When somebody has to look who does not yet; noted as taken care of.
  fileprivate mutating func nextLook() -> ContinuousClock.Instant? {
    guard let earliest = heap.first?.deadline else { return nil }
    let moment = min(earliest, .now + Deadlines.longestSleep)
    guard !looks.contains(where: { $0 <= moment }) else { return nil }
    looks.append(moment)
    return moment
  }

  fileprivate mutating func takeDue(at now: ContinuousClock.Instant) -> [UnsafeContinuation<Bool, Never>] {
    var due: [UnsafeContinuation<Bool, Never>] = []
    while let first = heap.first, first.deadline <= now {
      remove(first.id)
      if let waiter = waiters.removeValue(forKey: first.id) { due.append(waiter) }
    }
    return due
  }

  fileprivate mutating func insert(_ entry: Deadlines.Entry) {
    heap.append(entry)
    places[entry.id] = heap.count - 1
    rise(heap.count - 1)
  }

  fileprivate mutating func remove(_ id: UInt64) {
    guard let place = places.removeValue(forKey: id) else { return }
    let last = heap.removeLast()
    guard place < heap.count else { return }
    heap[place] = last
    places[last.id] = place
    rise(place)
    sink(place)
  }

  private mutating func rise(_ from: Int) {
    var place = from
    while place > 0, heap[place].deadline < heap[(place - 1) / 2].deadline {
      swap(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink(_ from: Int) {
    var place = from
    while true {
      let children = (2 * place + 1)..<min(2 * place + 3, max(heap.count, 2 * place + 1))
      guard let least = children.min(by: { heap[$0].deadline < heap[$1].deadline }),
        heap[least].deadline < heap[place].deadline
      else { return }
      swap(place, least)
      place = least
    }
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    places[heap[a].id] = a
    places[heap[b].id] = b
  }
}
