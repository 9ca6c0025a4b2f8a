import Foundation
import Glibc
import Postgres

/// What PgBouncer does with `pool_mode = transaction`, in miniature: one session of the server, given to whoever asks for
/// the length of a transaction. It speaks the protocol as far as it must (PostgreSQL manual, 55.7).
public final class TransactionPooler: Sendable {
  /// What ``Pool/Configuration`` takes: the same database through the pooler.
  public let connection: String
  private let listener: CInt
  private let server: CInt
  /// What the server said when it let us in, which every client is told.
  private let welcome: [UInt8]
  private let turn = NSLock()

  /// - Parameter connection: of a server on a Unix socket that asks for no password.
  public init(_ connection: String) throws {
    let string = ConnectionString(connection)
    let settings = try string.settings()
    server = try PostgresProxy.dial("\(settings["host"] ?? "/run/postgresql")/.s.PGSQL.\(settings["port"] ?? "5432")")
    var startup: [UInt8] = [0, 3, 0, 0]
    for (key, name) in [("user", "user"), ("dbname", "database")] {
      startup += Array(key == "user" ? "user".utf8 : "database".utf8) + [0] + Array((settings[key] ?? name).utf8) + [0]
    }
    startup.append(0)
    try Self.send(Self.length(startup.count + 4) + startup, to: server)
    var welcome: [UInt8] = []
    while true {
      let message = try Self.message(from: server)
      // A pooler has a process number and a key of its own.
      welcome += message[0] == UInt8(ascii: "K") ? Array(message.prefix(5)) + [0, 0, 0, 1, 0, 0, 0, 1] : message
      if message[0] == UInt8(ascii: "Z") { break }
    }
    self.welcome = welcome
    let port: Int
    (listener, port) = try PostgresProxy.listener()
    self.connection = try string.changing(
      ["host": "127.0.0.1", "port": "\(port)", "sslmode": "disable", "gssencmode": "disable"])
    Thread.detachNewThread { [self] in
      while case let client = accept(listener, nil, nil), client >= 0 {
        Thread.detachNewThread { [self] in
          // Who leaves, leaves.
          try? serve(client)
          Glibc.close(client)
        }
      }
      Glibc.close(listener)
    }
  }

  public func close() {
    for socket in [listener, server] { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func serve(_ client: CInt) throws {
    let length = Self.number(try Self.bytes(4, from: client))
    _ = try Self.bytes(length - 4, from: client)
    try Self.send(welcome, to: client)
    while true {
      let first = try Self.message(from: client)
      guard first[0] != UInt8(ascii: "X") else { return }
      turn.lock()
      defer { turn.unlock() }
      var asked = first
      while true {
        try Self.send(asked, to: server)
        var status: UInt8?
        while status == nil {
          let answer = try Self.message(from: server)
          try Self.send(answer, to: client)
          if answer[0] == UInt8(ascii: "Z") { status = answer[5] }
        }
        // Idle: the transaction is over, and so is our turn.
        if status == UInt8(ascii: "I") { break }
        asked = try Self.message(from: client)
      }
    }
  }

  private static func message(from socket: CInt) throws -> [UInt8] {
    let head = try bytes(5, from: socket)
    return head + (try bytes(number(Array(head[1...])) - 4, from: socket))
  }

  private static func number(_ bytes: [UInt8]) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

  private static func length(_ count: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
  }

  private static func bytes(_ count: Int, from socket: CInt) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let more = bytes.withUnsafeMutableBytes { read(socket, $0.baseAddress?.advanced(by: filled), count - filled) }
      guard more > 0 else { throw PostgresProxy.Failed(what: "the end") }
      filled += more
    }
    return bytes
  }

  private static func send(_ bytes: [UInt8], to socket: CInt) throws {
    guard Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
      throw PostgresProxy.Failed(what: "send")
    }
  }
}
