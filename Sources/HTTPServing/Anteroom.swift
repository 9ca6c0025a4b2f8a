import HummingbirdCore
import NIOCore
import Synchronization

/// Where the accepted connections of one server are until somebody serves them.
final class Anteroom<Connection: ServerChildChannelValue>: Sendable {
  private struct State {
    var isWatching = false
    var isOver = false
    var waiting: [ObjectIdentifier: Connection] = [:]
  }

  private let state = Mutex(State())

  /// Takes in a connection that was just accepted. After the listening channel has closed it is turned away.
  func enter(_ connection: Connection) {
    let (isOver, isFirst) = state.withLock { state in
      defer { state.isWatching = true }
      if !state.isOver { state.waiting[ObjectIdentifier(connection.channel)] = connection }
      return (state.isOver, !state.isWatching)
    }
    if isOver { Self.turnAway(connection) }
    if isFirst { connection.channel.parent?.closeFuture.whenComplete { [self] _ in close() } }
  }

  /// The connection is somebody's now.
  func leave(_ connection: Connection) {
    state.withLock { _ = $0.waiting.removeValue(forKey: ObjectIdentifier(connection.channel)) }
  }

  /// Turns away who waits, and who comes from now on.
  private func close() {
    let waiting = state.withLock { state in
      defer { state.waiting = [:] }
      state.isOver = true
      return state.waiting.values
    }
    for connection in waiting { Self.turnAway(connection) }
  }

  /// Closing finishes the connection's writer first and then completes the future: nothing is freed too early.
  private static func turnAway(_ connection: Connection) {
    connection.channel.closeFuture.whenComplete { _ in withExtendedLifetime(connection) {} }
    connection.channel.close(promise: nil)
  }
}
