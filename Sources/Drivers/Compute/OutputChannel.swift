import Engine
import Synchronization

/// A command's output on its way to whoever reads it: a few chunks wait here, and then the command waits, so that a
/// renter who writes fast and reads slowly fills no memory of ours.
final class OutputChannel: Sendable {
  private struct State {
    var waiting: [ExecOutput] = []
    var bytes = 0
    var ended = false
    var abandoned = false
    var reader: CheckedContinuation<ExecOutput?, Never>?
    var writers: [CheckedContinuation<Void, Never>] = []
    var whenAbandoned: (@Sendable () -> Void)?
  }

  private static let capacity = 1 << 18
  private let state = Mutex(State())

  /// Hands over one piece; waits while too many lie here.
  ///
  /// - Throws: `CancellationError` when nobody will read it.
  func send(_ output: ExecOutput) async throws {
    let reader = state.withLock { state -> CheckedContinuation<ExecOutput?, Never>? in
      if state.abandoned { return nil }
      if let reader = state.reader {
        state.reader = nil
        return reader
      }
      state.waiting.append(output)
      state.bytes += output.size
      return nil
    }
    reader?.resume(returning: output)
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        if state.bytes <= Self.capacity || state.abandoned { return true }
        state.writers.append(continuation)
        return false
      }
      if goesOn { continuation.resume() }
    }
    if isAbandoned { throw CancellationError() }
  }

  /// Puts the last element in; it never waits.
  func end(with output: ExecOutput) {
    let reader = state.withLock { state -> CheckedContinuation<ExecOutput?, Never>? in
      state.ended = true
      state.whenAbandoned = nil
      if let reader = state.reader {
        state.reader = nil
        return reader
      }
      state.waiting.append(output)
      return nil
    }
    reader?.resume(returning: output)
  }

  /// The next piece, in order; `nil` after the last, and when the reading task is cancelled.
  func next() async -> ExecOutput? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (answer, writers) = state.withLock { state -> (ExecOutput??, [CheckedContinuation<Void, Never>]) in
          if state.abandoned { return (.some(nil), []) }
          if !state.waiting.isEmpty {
            let output = state.waiting.removeFirst()
            state.bytes -= output.size
            let writers = state.bytes <= Self.capacity ? state.writers : []
            if !writers.isEmpty { state.writers = [] }
            return (.some(output), writers)
          }
          if state.ended { return (.some(nil), []) }
          state.reader = continuation
          return (nil, [])
        }
        if let answer { continuation.resume(returning: answer) }
        for writer in writers { writer.resume() }
      }
    } onCancel: {
      abandon()
    }
  }

  var isAbandoned: Bool { state.withLock { $0.abandoned } }

  /// Nobody reads any more. Once.
  func abandon() {
    let (reader, writers, action) = state.withLock { state in
      let all = (state.reader, state.writers, state.abandoned ? nil : state.whenAbandoned)
      state.abandoned = true
      state.reader = nil
      state.writers = []
      state.waiting = []
      state.whenAbandoned = nil
      return all
    }
    reader?.resume(returning: nil)
    for writer in writers { writer.resume() }
    action?()
  }

  /// What is to be done when nobody reads any more; at once when that is so already.
  func whenAbandoned(_ action: @escaping @Sendable () -> Void) {
    let late = state.withLock { state in
      if !state.abandoned, !state.ended { state.whenAbandoned = action }
      return state.abandoned
    }
    if late { action() }
  }

  /// The reader's end: when the last who could read it is gone, the channel is abandoned.
  func stream() -> AsyncThrowingStream<ExecOutput, any Error> {
    let end = ReadingEnd(channel: self)
    return AsyncThrowingStream { await end.channel.next() }
  }

  private final class ReadingEnd: Sendable {
    let channel: OutputChannel

    init(channel: OutputChannel) {
      self.channel = channel
    }

    deinit {
      channel.abandon()
    }
  }
}

extension ExecOutput {
  fileprivate var size: Int {
    switch self {
    case .standardOutput(let bytes), .standardError(let bytes): bytes.count
    case .exited, .failed: 0
    }
  }
}
