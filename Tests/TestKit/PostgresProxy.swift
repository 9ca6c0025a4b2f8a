import Dispatch
import Foundation
import Glibc
import Postgres
import Synchronization

/// A way to a PostgreSQL server that can go silent: connections stay open, and nothing comes through any more.
public final class PostgresProxy: Sendable {
  private struct State {
    var silence: DispatchSemaphore?
    var sockets: Set<CInt> = []
    var isClosed = false
  }

  /// What ``Pool/Configuration`` takes: the same database through the proxy.
  public let connection: String
  public let port: Int
  private let target: String
  private let listener: CInt
  private let state = Mutex(State())

  public struct Failed: Error { public var what: String }

  /// - Parameter connection: of a server on a Unix socket.
  public init(_ connection: String) throws {
    let string = ConnectionString(connection)
    let settings = try string.settings()
    target = "\(settings["host"] ?? "/run/postgresql")/.s.PGSQL.\(settings["port"] ?? "5432")"
    (listener, port) = try Self.listener()
    self.connection = try string.changing(["host": "127.0.0.1", "port": "\(port)", "sslmode": "disable"])
    Thread.detachNewThread { [self] in accept() }
  }

  /// A socket that listens on a port of loopback, and the port.
  static func listener() throws -> (socket: CInt, port: Int) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
    }
    guard bound == 0, listen(listener, 64) == 0 else { throw Failed(what: "listen: \(errno)") }
    var size = length
    _ = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    return (listener, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// Nothing comes through from now on; nobody is told.
  public func goSilent() { state.withLock { $0.silence = $0.silence ?? DispatchSemaphore(value: 0) } }

  /// What was held back comes through, and what comes later.
  public func goOn() {
    let gate = state.withLock { state in
      defer { state.silence = nil }
      return state.silence
    }
    gate?.signal()
  }

  public func close() {
    goOn()
    let sockets = state.withLock { state in
      state.isClosed = true
      return state.sockets
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func accept() {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0, let server = try? dial() else {
        if client >= 0 { Glibc.close(client) }
        if state.withLock({ $0.isClosed }) || client < 0 { break }
        continue
      }
      let isClosed = state.withLock { state in
        state.sockets.formUnion([client, server])
        return state.isClosed
      }
      if isClosed { for socket in [client, server] { shutdown(socket, Int32(SHUT_RDWR)) } }
      let ended = Turns()
      for (from, to) in [(client, server), (server, client)] {
        Thread.detachNewThread { [self] in
          pump(from, to)
          shutdown(from, Int32(SHUT_RDWR))
          shutdown(to, Int32(SHUT_RDWR))
          guard ended.isSecond() else { return }
          state.withLock { $0.sockets.subtract([client, server]) }
          Glibc.close(client)
          Glibc.close(server)
        }
      }
    }
    Glibc.close(listener)
  }

  private func pump(_ from: CInt, _ to: CInt) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = read(from, &buffer, buffer.count)
      guard count > 0 else { return }
      if let silence = state.withLock({ $0.silence }) {
        silence.wait()
        silence.signal()
      }
      var sent = 0
      while sent < count {
        let more = buffer.withUnsafeBytes {
          send(to, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        guard more > 0 else { return }
        sent += more
      }
    }
  }

  private func dial() throws -> CInt { try Self.dial(target) }

  /// A connection to a server's Unix socket.
  static func dial(_ target: String) throws -> CInt {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(target.utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.prefix($0.count - 1)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      Glibc.close(descriptor)
      throw Failed(what: "connect \(target): \(errno)")
    }
    return descriptor
  }
}

/// Tells the first from the second who asks.
private final class Turns: Sendable {
  private let count = Mutex(0)

  func isSecond() -> Bool {
    count.withLock { count in
      count += 1
      return count == 2
    }
  }
}
