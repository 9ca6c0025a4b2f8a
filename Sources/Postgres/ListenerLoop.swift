import CLibpq
import Glibc
import Logging
import Synchronization

/// The thread of a ``Listener``.
///
/// `@unchecked Sendable`: `inbox` is a mutex; everything else mutable is touched by the thread of ``run()`` alone.
final class ListenerLoop: @unchecked Sendable {
  typealias Heartbeat = (continuation: UnsafeContinuation<Void, any Error>, deadline: ContinuousClock.Instant)

  private struct Inbox {
    var closed = false
    var ended = false
    var heartbeats: [Heartbeat] = []
  }

  private let settings: LinkSettings
  private let channels: [String]
  private let events: AsyncStream<Listener.Event>.Continuation
  private let inbox = Mutex(Inbox())
  private let bell = Bell()
  private var link: Link?
  private var hasListened = false
  private var hasDropped = false
  /// Sent to the server and not answered yet, in one query.
  private var beating: [Heartbeat] = []

  init(settings: LinkSettings, channels: [String], events: AsyncStream<Listener.Event>.Continuation) {
    self.settings = settings
    self.channels = channels
    self.events = events
  }

  func close() {
    inbox.withLock { $0.closed = true }
    bell.ring()
  }

  func heartbeat(_ continuation: UnsafeContinuation<Void, any Error>, until deadline: ContinuousClock.Instant) {
    let taken = inbox.withLock { inbox in
      if inbox.ended || inbox.closed { return false }
      inbox.heartbeats.append((continuation, deadline))
      return true
    }
    if taken { bell.ring() } else { continuation.resume(throwing: closedError) }
  }

  private var closedError: PostgresError { PostgresError(.closed, "the listener is closed") }

  func run() {
    var pause = Duration.milliseconds(50)
    while !inbox.withLock({ $0.closed }) {
      do {
        try connect()
        pause = .milliseconds(50)
        try listen()
      } catch {
        settings.logger.debug("listener disconnected", metadata: ["error": "\(error)"])
        link = nil
        refuseHeartbeats(error)
        wait(pause)
        pause = min(pause * 2, .seconds(2))
      }
    }
    link = nil
    inbox.withLock { $0.ended = true }
    refuseHeartbeats(closedError)
    events.finish()
  }

  private func connect() throws {
    let link = try Link.connect(settings, until: .now + .seconds(10))
    for channel in channels {
      try link.script(
        "LISTEN \"\(channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"")
    }
    PQsetnonblocking(link.raw, 1)
    self.link = link
    emit(hasListened ? .reconnected : .listening)
    hasListened = true
  }

  /// Returns when closed, throws when the connection is lost.
  private func listen() throws {
    guard let link else { return }
    while true {
      let (closed, asked) = inbox.withLock { inbox in
        // One query at a time: who asks while one is under way gets the next.
        let asked = beating.isEmpty ? inbox.heartbeats : []
        if beating.isEmpty { inbox.heartbeats = [] }
        return (inbox.closed, asked)
      }
      if closed { return }
      if !asked.isEmpty {
        beating = asked
        try link.require(PQsendQuery(link.raw, "SELECT 1"))
      }
      guard PQflush(link.raw) >= 0 else { throw link.connectionError(nil) }
      let deadline = beating.map(\.deadline).min()
      bell.wait(with: link.descriptor, until: deadline)
      try link.require(PQconsumeInput(link.raw))
      try read(link)
      if let deadline, deadline <= .now, !beating.isEmpty {
        throw PostgresError(.connectionLost, "the server does not answer")
      }
    }
  }

  private func read(_ link: Link) throws {
    while !beating.isEmpty, PQisBusy(link.raw) == 0 {
      guard let result = PQgetResult(link.raw) else {
        // Notifications that came with the answer are handed on before the answer.
        notifications(link)
        let answered = beating
        beating = []
        for heartbeat in answered { heartbeat.continuation.resume() }
        break
      }
      PQclear(try link.checked(result, nil))
    }
    notifications(link)
  }

  private func notifications(_ link: Link) {
    while let notification = PQnotifies(link.raw) {
      emit(
        .notification(
          Notification(
            channel: String(cString: notification.pointee.relname),
            payload: String(cString: notification.pointee.extra), process: notification.pointee.be_pid)))
      PQfreemem(notification)
    }
  }

  private func emit(_ event: Listener.Event) {
    if hasDropped {
      guard case .enqueued = events.yield(.overflowed) else { return }
      hasDropped = false
    }
    if case .dropped = events.yield(event) { hasDropped = true }
  }

  private func refuseHeartbeats(_ error: any Error) {
    let waiting =
      beating
      + inbox.withLock { inbox in
        defer { inbox.heartbeats = [] }
        return inbox.heartbeats
      }
    beating = []
    for heartbeat in waiting { heartbeat.continuation.resume(throwing: error) }
  }

  /// Waits between two attempts; heartbeats asked for meanwhile are refused at once.
  private func wait(_ pause: Duration) {
    let deadline = ContinuousClock.now + pause
    while ContinuousClock.now < deadline, !inbox.withLock({ $0.closed }) {
      bell.wait(with: -1, until: deadline)
      refuseHeartbeats(PostgresError(.connectionLost, "not connected"))
    }
  }
}
