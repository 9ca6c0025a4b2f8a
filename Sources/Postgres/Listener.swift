import CLibpq
import Glibc
import Logging
import Synchronization

/// What one session said to all who listen.
public struct Notification: Hashable, Sendable {
  public let channel: String
  public let payload: String
  /// The process of the server that sent it.
  public let process: Int32
}

/// Listens on channels with a connection of its own, and goes on listening when the server went away and came back.
///
/// What was notified while the connection was down is lost, and said to be: read again at ``Event/reconnected``.
public final class Listener: Sendable {
  public enum Event: Hashable, Sendable {
    /// The channels are listened to for the first time: what commits from now on will be heard.
    case listening
    /// They are listened to again; notifications may have been missed in between.
    case reconnected
    /// The consumer was slow and notifications were dropped.
    case overflowed
    case notification(Notification)
  }

  /// Ends when the listener is closed. To be read by one consumer.
  public let events: AsyncStream<Event>
  private let loop: ListenerLoop

  /// Begins to connect at once, and never gives up. Retries after 50 ms, then 100, 200 … to 2 s.
  /// - Parameter channels: identifiers, taken literally.
  /// - Parameter bufferLimit: how many events wait for the consumer before they are dropped.
  public init(
    connection: String, channels: [String], bufferLimit: Int = 65_536, logger: Logger = Logger(label: "postgres")
  ) {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(bufferLimit))
    events = stream
    let loop = ListenerLoop(
      settings: LinkSettings(connection: connection, logger: logger, faultHook: nil), channels: channels,
      events: continuation)
    self.loop = loop
    spawnThread { loop.run() }
  }

  deinit {
    loop.close()
  }

  /// Proves that the connection is alive by a round trip on it.
  ///
  /// When it returns, every notification whose transaction had committed before the call has been put into
  /// ``events``: the server signals listeners before it tells the notifier that it has committed, and delivers what
  /// was signalled before it answers.
  /// - Throws: ``PostgresError`` (`connectionLost`, `connectionFailed`, `closed`) at once while there is no
  ///   connection, or at the latest after `timeout`.
  public func heartbeat(timeout: Duration = .seconds(1)) async throws {
    try await withUnsafeThrowingContinuation { loop.heartbeat($0, until: .now + timeout) }
  }

  /// Ends ``events`` and closes the connection. Harmless if repeated.
  public func close() {
    loop.close()
  }
}
