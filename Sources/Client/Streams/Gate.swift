import NIOCore
import Synchronization

/// Holds a body back until the server has said that it will take it: standard input can be read once only, and a request
/// may have to be sent again with another credential.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var last = 0
    var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      defer { state.waiting = [:] }
      return state.waiting.values.map { $0 }
    }
    for each in waiting { each.resume() }
  }

  /// - Returns: whether it is open; `false` when the task was cancelled before.
  func pass() async -> Bool {
    let number = state.withLock { state in
      state.last += 1
      return state.last
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          if state.isOpen || Task.isCancelled { return true }
          state.waiting[number] = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
    }
    return state.withLock { $0.isOpen }
  }
}

/// A source that begins when its gate is open.
struct GatedPieces: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let pieces: FilePieces
  let gate: Gate

  struct AsyncIterator: AsyncIteratorProtocol {
    let gate: Gate
    var pieces: FilePieces.AsyncIterator

    mutating func next() async throws -> ByteBuffer? {
      guard await gate.pass() else { throw CancellationError() }
      return try await pieces.next()
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(gate: gate, pieces: pieces.makeAsyncIterator()) }
}
