import Engine
import Hummingbird
import NIOCore
import Synchronization

/// A request's body on its way to a command, a piece at a time: the next is read from the connection when the command has
/// taken the one before, so that a fast client fills no memory of ours.
///
/// The connection is read by `pump` alone, inside of the request's own task: a command that outlives the request by a
/// moment never reads what is not the request's any more.
final class RequestInput: Sendable {
  private enum Ending: Sendable {
    case ended
    case failed(any Error)
  }

  private struct State {
    var piece: [UInt8]?
    var ending: Ending?
    var reader: CheckedContinuation<Void, Never>?
    var writer: CheckedContinuation<Void, Never>?
  }

  /// The client broke off, or was not waited for.
  struct BrokenOff: Error {}

  private let body: RequestBody
  private let length: Int64?
  private let state = Mutex(State())

  /// - Parameter length: what `Content-Length` says; `nil` for a chunked body.
  init(_ body: RequestBody, length: Int64?) {
    self.body = body
    self.length = length
  }

  var input: ExecInput { .stream { [self] in try await next() } }

  /// Reads until the body ends or the task is cancelled.
  ///
  /// - Parameter count: hears of the bytes of every piece that was read.
  func pump(_ count: @Sendable (Int64) -> Void) async {
    do {
      var total: Int64 = 0
      for try await part in body {
        total += Int64(part.readableBytes)
        count(Int64(part.readableBytes))
        guard part.readableBytes > 0 else { continue }
        guard await hand(Array(part.readableBytesView)) else { return }
      }
      // Part of a body is not a body.
      if let length, total != length { throw BrokenOff() }
      end(Task.isCancelled ? .failed(BrokenOff()) : .ended)
    } catch {
      end(.failed(error))
    }
  }

  /// - Returns: `false` when nobody will take it.
  private func hand(_ bytes: [UInt8]) async -> Bool {
    let reader = state.withLock { state in
      state.piece = bytes
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state in
          if state.piece == nil || state.ending != nil { return true }
          state.writer = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      end(.failed(BrokenOff()))
    }
    return state.withLock { $0.ending == nil }
  }

  private func end(_ ending: Ending) {
    let (reader, writer) = state.withLock { state in
      defer { (state.reader, state.writer) = (nil, nil) }
      if state.ending == nil { state.ending = ending }
      return (state.reader, state.writer)
    }
    reader?.resume()
    writer?.resume()
  }

  private func next() async throws -> [UInt8]? {
    while true {
      let (found, writer) = state.withLock {
        state -> (Result<[UInt8]?, any Error>?, CheckedContinuation<Void, Never>?) in
        if let piece = state.piece {
          state.piece = nil
          defer { state.writer = nil }
          return (.success(piece), state.writer)
        }
        switch state.ending {
        case .ended: return (.success(nil), nil)
        case .failed(let error): return (.failure(error), nil)
        case nil: return (nil, nil)
        }
      }
      writer?.resume()
      if let found { return try found.get() }
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isThere = state.withLock { state in
            if state.piece != nil || state.ending != nil || Task.isCancelled { return true }
            state.reader = continuation
            return false
          }
          if isThere { continuation.resume() }
        }
      } onCancel: {
        let reader = state.withLock { state in
          defer { state.reader = nil }
          return state.reader
        }
        reader?.resume()
      }
    }
  }
}
