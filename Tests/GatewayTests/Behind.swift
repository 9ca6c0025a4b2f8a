import Engine
import Foundation
import Glibc
import Synchronization

/// What listens in a container: a server on bare sockets that does what it is asked for, well or badly.
final class Behind: Sendable {
  let port: UInt16
  private let listening: CInt
  private let stopped = Atomic<Bool>(false)
  /// The heads of the requests, as they came.
  private let seen = Mutex<[String]>([])
  let accepted = Atomic<Int>(0)
  /// Connections that come to their end.
  let endings: AsyncStream<Void>
  private let ended: AsyncStream<Void>.Continuation
  let taken = Atomic<Int>(0)

  init() throws {
    let listening = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    self.listening = listening
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listening, address, length) == 0 && listen(listening, 128) == 0
          ? getsockname(listening, address, &length) : -1
      }
    }
    guard code == 0 else { throw POSIXError(.EADDRINUSE) }
    port = UInt16(bigEndian: address.sin_port)
    (endings, ended) = AsyncStream.makeStream()
    Thread.detachNewThread { [self] in
      while true {
        let one = accept(listening, nil, nil)
        guard one >= 0 else { return }
        accepted.add(1, ordering: .relaxed)
        Thread.detachNewThread { [self] in
          serve(Line(one))
          close(one)
          ended.yield()
        }
      }
    }
  }

  /// Once: a number that is closed twice is somebody else's by then.
  func stop() {
    guard stopped.exchange(true, ordering: .relaxed) == false else { return }
    shutdown(listening, CInt(SHUT_RDWR))
    close(listening)
  }

  var heads: [String] { seen.withLock { $0 } }

  /// A connected socket to it, as a driver gives one.
  func connect() throws -> PortConnection {
    let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let code = withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard code == 0 else {
      close(number)
      throw Refusal.unanswered(code: .portRefused, "nothing in the container listens on this port")
    }
    return PortConnection(number) { if let number = $0 { close(number) } }
  }

  /// One connection, read and written a piece at a time.
  private struct Line {
    let socket: CInt
    var buffer: [UInt8] = []

    init(_ socket: CInt) { self.socket = socket }

    mutating func fill() -> Bool {
      var bytes = [UInt8](repeating: 0, count: 65_536)
      let count = recv(socket, &bytes, bytes.count, 0)
      guard count > 0 else { return false }
      buffer += bytes[..<count]
      return true
    }

    /// Up to and with the empty line.
    mutating func head() -> String? {
      while true {
        if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
          let text = String(decoding: buffer[..<end.upperBound], as: UTF8.self)
          buffer.removeFirst(end.upperBound)
          return text
        }
        if !fill() { return nil }
      }
    }

    mutating func take(_ count: Int) -> [UInt8]? {
      while buffer.count < count { if !fill() { return nil } }
      defer { buffer.removeFirst(count) }
      return Array(buffer[..<count])
    }

    /// A body in chunks.
    mutating func chunks() -> [UInt8]? {
      var body: [UInt8] = []
      while true {
        while buffer.firstRange(of: Array("\r\n".utf8)) == nil { if !fill() { return nil } }
        guard let end = buffer.firstRange(of: Array("\r\n".utf8)),
          let size = Int(String(decoding: buffer[..<end.lowerBound], as: UTF8.self), radix: 16)
        else { return nil }
        buffer.removeFirst(end.upperBound)
        guard let piece = take(size), take(2) != nil else { return nil }
        if size == 0 { return body }
        body += piece
      }
    }

    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
      var sent = 0
      while sent < bytes.count {
        let count = bytes.withUnsafeBytes {
          Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
        }
        guard count > 0 else { return false }
        sent += count
      }
      return true
    }
  }

  private func serve(_ line: Line) {
    var line = line
    while let head = line.head() {
      seen.withLock { $0.append(head) }
      let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      var body: [UInt8] = []
      let lower = head.lowercased()
      if lower.contains("expect: 100-continue"), path != "/refuses" { line.send("HTTP/1.1 100 Continue\r\n\r\n") }
      if path != "/refuses", path != "/early" {
        if lower.contains("transfer-encoding: chunked") {
          guard let chunks = line.chunks() else { return }
          body = chunks
        } else if let field = lower.firstMatch(of: /content-length: (\d+)/), let count = Int(field.1) {
          guard let bytes = line.take(count) else { return }
          body = bytes
        }
      }
      guard answer(path, head, body, &line) else { return }
    }
  }

  private func say(_ line: Line, _ status: String, _ fields: String = "", _ body: String = "") {
    line.send("HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// - Returns: whether the connection goes on.
  private func answer(_ path: String, _ head: String, _ body: [UInt8], _ line: inout Line) -> Bool {
    switch path.prefix(while: { $0 != "?" }) {
    case "/echo":
      let text = head + String(decoding: body, as: UTF8.self)
      if head.hasPrefix("HEAD") {
        line.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
      } else {
        say(line, "200 OK", "Content-Type: text/plain\r\n", text)
      }
    case "/count": say(line, "200 OK", "", "\(body.count)")
    case "/chunked": line.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    case "/events":
      line.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
      _ = line.fill()
      return false
    case "/close": return false
    case "/once":
      // Says that it goes on, and ends.
      say(line, "200 OK", "", "once")
      return false
    case "/garbage":
      line.send("SSH-2.0-OpenSSH_9.2\r\n")
      return false
    case "/silent":
      _ = line.fill()
      return false
    case "/half":
      line.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      return false
    case "/refuses":
      say(line, "413 Content Too Large", "Connection: close\r\n", "too large")
      return false
    case "/huge":
      let piece = [UInt8](repeating: 0x61, count: 1 << 20)
      line.send("HTTP/1.1 200 OK\r\nContent-Length: \(64 << 20)\r\n\r\n")
      for _ in 0..<64 {
        guard line.send(piece) else { return false }
        taken.add(piece.count, ordering: .relaxed)
      }
    case "/origin":
      say(
        line, "302 Found",
        "Set-Cookie: a=b\r\nLocation: /login?x=1\r\nService-Worker-Allowed: /\r\nStrict-Transport-Security: max-age=9\r\n"
          + "Clear-Site-Data: \"*\"\r\nWWW-Authenticate: L402 macaroon=\"x\", invoice=\"y\"\r\nX-App: kept\r\n"
          + "Connection: X-Hop\r\nX-Hop: 1\r\n")
    case "/split": say(line, "200 OK", "X-A: b\u{1}c\r\nX-B: kept\r\n", "")
    case "/socket":
      line.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nSet-Cookie: a=b\r\n\r\nhello ")
      while line.fill() {
        line.send(line.buffer)
        line.buffer = []
      }
      return false
    default: say(line, "404 Not Found", "", "no such page")
    }
    return true
  }
}
