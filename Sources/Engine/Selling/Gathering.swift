import Synchronization

/// Group commit: what is asked for while a transaction is under way shares the next one.
///
/// One who comes alone waits for nobody.
final class Gathering<Item: Sendable, Outcome: Sendable>: Sendable {
  typealias Commit = @Sendable ([Item]) async throws -> [Result<Outcome, any Error>]

  private struct Waiting {
    var item: Item
    var answer: UnsafeContinuation<Result<Outcome, any Error>, Never>
  }
  private struct State {
    var waiting: [Waiting] = []
    var isCommitting = false
  }

  private let state = Mutex(State())
  private let most: Int
  private let commit: Commit

  /// - Parameters:
  ///   - most: share a transaction.
  ///   - commit: answers each item, in their order. What it throws undoes all of them: where it may be the fault of one,
  ///     it is called again with each alone.
  init(most: Int = 64, commit: @escaping Commit) {
    self.most = most
    self.commit = commit
  }

  /// Never cut short by a cancellation: what the others commit is committed.
  func join(_ item: Item) async throws -> Outcome {
    let result = await withUnsafeContinuation { (answer: UnsafeContinuation<Result<Outcome, any Error>, Never>) in
      let mustCommit = state.withLock { state in
        state.waiting.append(Waiting(item: item, answer: answer))
        defer { state.isCommitting = true }
        return !state.isCommitting
      }
      // A task of its own: the one that came first may be cancelled, and has no more to wait for than its own.
      if mustCommit { Task { await self.commitAll() } }
    }
    return try result.get()
  }

  private func commitAll() async {
    while true {
      let next = state.withLock { state in
        let next = Array(state.waiting.prefix(most))
        state.waiting.removeFirst(next.count)
        state.isCommitting = !next.isEmpty
        return next
      }
      if next.isEmpty { return }
      let results = await results(of: next.map(\.item))
      for (waiting, result) in zip(next, results) { waiting.answer.resume(returning: result) }
    }
  }

  private func results(of items: [Item]) async -> [Result<Outcome, any Error>] {
    do {
      let results = try await commit(items)
      precondition(results.count == items.count, "each item has an answer")
      return results
    } catch {
      guard items.count > 1, !Gathering.isEverybodys(error) else { return items.map { _ in .failure(error) } }
      var results: [Result<Outcome, any Error>] = []
      for item in items { results += await self.results(of: [item]) }
      return results
    }
  }

  /// Whether each alone would meet the same: the database is away, or nobody knows what became of it.
  private static func isEverybodys(_ error: any Error) -> Bool {
    guard let error = error as? StoreError else { return false }
    switch error.kind {
    case .unavailable, .outcomeUnknown: return true
    case .conflict, .invariant, .failed: return false
    }
  }
}
