import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import NIOCore

/// What comes along a stream: an element, the passing of time, the end.
enum StreamPiece<Element: Sendable>: Sendable {
  case element(Element)
  case tick
  case ended
  case failed(any Error)
}

/// What is sent for it.
enum StreamAnswer: Sendable {
  case nothing
  case bytes(ByteBuffer)
  case end(ByteBuffer?)
}

extension Exchange {
  /// An answer that goes on as long as its source does, and no longer than the client stays: when it goes, the source
  /// is dropped at once, which is what ends a command.
  ///
  /// One element is under way at a time: a slow client slows its source instead of filling our memory.
  ///
  /// - Parameters:
  ///   - alongside: goes on beside it; is cancelled at its end, and waited for.
  ///   - tick: how often ``StreamPiece/tick`` comes between elements.
  ///   - render: called with one piece at a time.
  func streaming<Element: Sendable>(
    headers: HTTPFields, _ source: AsyncThrowingStream<Element, any Error>, tick: Duration, begin: String? = nil,
    alongside: (@Sendable () async -> Void)? = nil,
    _ render: @escaping @Sendable (StreamPiece<Element>) async -> StreamAnswer
  ) -> Response {
    let channel = channel
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        if let begin { try await writer.write(ByteBuffer(string: begin)) }
        let isWhole = try await Self.relay(source, tick: tick, alongside, to: channel) { piece in
          switch await render(piece) {
          case .nothing: return true
          case .bytes(let bytes):
            try await writer.write(bytes)
            return true
          case .end(let bytes):
            if let bytes { try await writer.write(bytes) }
            return false
          }
        }
        guard isWhole else { throw ChannelError.inputClosed }
        try await writer.finish(nil)
      })
  }

  /// Calls `body` with every piece until it says that it is enough, or the client has gone.
  ///
  /// - Returns: `false` when the client has gone.
  private static func relay<Element: Sendable>(
    _ source: AsyncThrowingStream<Element, any Error>, tick: Duration, _ alongside: (@Sendable () async -> Void)?,
    to channel: any Channel,
    _ body: (StreamPiece<Element>) async throws -> Bool
  ) async throws -> Bool {
    let (pieces, pieceSink) = AsyncStream<StreamPiece<Element>>.makeStream()
    let (turns, turnSink) = AsyncStream<Void>.makeStream()
    var isWhole = false
    try await HangUpWatch.watching(channel, { pieceSink.finish() }) {
      isWhole = try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          var turns = turns.makeAsyncIterator()
          do {
            for try await element in source {
              pieceSink.yield(.element(element))
              guard await turns.next() != nil else { return }
            }
            pieceSink.yield(.ended)
          } catch {
            pieceSink.yield(.failed(error))
          }
        }
        group.addTask {
          while !Task.isCancelled {
            try await Deadlines.shared.sleep(tick)
            pieceSink.yield(.tick)
          }
        }
        if let alongside { group.addTask { await alongside() } }
        defer { group.cancelAll() }
        for await piece in pieces {
          guard try await body(piece) else { return true }
          switch piece {
          case .element: turnSink.yield()
          case .tick: break
          case .ended, .failed: return true
          }
        }
        return false
      }
    }
    return isWhole
  }
}
