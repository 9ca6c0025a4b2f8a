import Dispatch
import Foundation
import Glibc

/// What came back.
struct Reply: Sendable {
  var status: Int
  var headers: [String: String]
  var body: String
}

/// An HTTP client that sends exactly the bytes it is given: the ones a well-behaved library would never send, too.
struct Wire: Sendable {
  private let socket: CInt

  init(port: Int) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
  }

  func close() { _ = Glibc.close(socket) }
  func finishSending() { _ = shutdown(socket, CInt(SHUT_WR)) }

  func send(_ text: String) async { await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async {
    await Self.blocking {
      var rest = bytes[...]
      while !rest.isEmpty {
        let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        guard sent > 0 else { return }
        rest = rest.dropFirst(sent)
      }
    }
  }

  /// Up to `most` bytes that have come; empty at the end.
  func receive(_ most: Int = 65536) async -> [UInt8] {
    await Self.blocking {
      [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
        count = max(0, recv(socket, buffer.baseAddress, buffer.count, 0))
      }
    }
  }

  /// Everything until the server closes.
  func receiveAll() async -> String {
    var bytes: [UInt8] = []
    while true {
      let piece = await receive()
      if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
      bytes += piece
    }
  }

  /// Runs where blocking is allowed.
  static func blocking<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: body()) }
    }
  }

  static func parse(_ text: String) -> Reply {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = (parts.first ?? "").split(separator: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let pair = line.split(separator: ":", maxSplits: 1)
      headers[pair[0].lowercased()] = pair.count > 1 ? pair[1].trimmingCharacters(in: .whitespaces) : ""
    }
    let status = (lines.first ?? "").split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return Reply(status: status, headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
  }
}

extension TestServer {
  /// One request on a connection of its own. `path` begins with a slash and is sent as it is, beneath the lease.
  func send(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
  ) async throws -> Reply {
    try await sendRaw(method, base + path, headers, body: body)
  }

  /// Sends a request's head beneath the lease, and leaves the rest to the test.
  func begin(_ method: String, _ path: String, _ headers: [String: String] = [:]) async throws -> Wire {
    var text = "\(method) \(base)\(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    let wire = try Wire(port: port)
    await wire.send(text + "\r\n")
    return wire
  }

  func sendRaw(
    _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil
  ) async throws -> Reply {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    text += "\r\n" + (body ?? "")
    let wire = try Wire(port: port)
    defer { wire.close() }
    await wire.send(text)
    return Wire.parse(await wire.receiveAll())
  }
}
