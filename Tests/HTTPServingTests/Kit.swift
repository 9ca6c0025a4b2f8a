import Foundation
import Glibc
import HTTPServing
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// A server with a few routes, and bare connections to it.
struct Served: Sendable {
  let port: Int

  static func with(
    _ rules: ConnectionRules = ConnectionRules(), prompt: PromptAnswers.Answer? = nil,
    _ body: @escaping @Sendable (Served) async throws -> Void
  ) async throws {
    let (ports, running) = AsyncStream<Int>.makeStream()
    var log = Logger(label: "test")
    log.logLevel = .critical
    let router = Router()
    router.get("") { _, _ in "here" }
    router.get("stream") { _, _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          try await writer.write(ByteBuffer(string: "one"))
          try await writer.write(ByteBuffer(string: "two"))
          try await writer.finish(nil)
        })
    }
    router.get("large") { _, _ in
      Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x61, count: 65_536)))
    }
    // Never comes to an end by itself.
    router.get("wait") { _, _ in
      Response(
        status: .ok,
        body: ResponseBody { writer in
          try await writer.write(ByteBuffer(string: "waiting"))
          try await Task.sleep(for: .seconds(3_600))
        })
    }
    router.post("echo") { request, _ in
      do {
        return String(buffer: try await request.body.collect(upTo: 1 << 20))
      } catch {
        return BrokenRequest.isCause(of: error) ? "broken" : "\(error)"
      }
    }
    var answers: (@Sendable (String?) -> PromptAnswers.Answer)?
    if let prompt { answers = { _ in prompt } }
    let application = Application(
      router: router, server: .guarded(rules, prompt: answers),
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: log)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        defer { running.finish() }
        try await application.run()
        return false
      }
      for await port in ports {
        group.addTask {
          try await body(Served(port: port))
          return true
        }
        break
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next(), !isOver {}
    }
  }

  func connect(from source: String = "127.0.0.1") throws -> Bare { try Bare(port: port, from: source) }

  /// Everything that comes back, until the server closes.
  func ask(_ text: String, from source: String = "127.0.0.1") async throws -> String {
    let bare = try connect(from: source)
    defer { bare.close() }
    bare.send(text)
    return await bare.readToEnd()
  }
}

/// A connection that sends the bytes it is given.
struct Bare: Sendable {
  let socket: CInt

  init(port: Int, from source: String) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    func address(_ host: String, _ port: Int) -> sockaddr_in {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = inet_addr(host)
      return address
    }
    func call(_ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
      withUnsafePointer(to: address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    let socket = socket
    guard call(address(source, 0), { bind(socket, $0, $1) }) == 0,
      call(address("127.0.0.1", port), { Glibc.connect(socket, $0, $1) }) == 0
    else {
      let failure = errno
      Glibc.close(socket)
      throw POSIXError(.init(rawValue: failure) ?? .EIO)
    }
  }

  func close() { _ = Glibc.close(socket) }
  func finishSending() { _ = shutdown(socket, CInt(SHUT_WR)) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL))
  }

  /// Some bytes, or none at the end.
  func read() async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [socket] in
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = max(0, recv(socket, &buffer, buffer.count, 0))
        continuation.resume(returning: String(decoding: buffer[..<count], as: UTF8.self))
      }
    }
  }

  func read(until wanted: String) async -> String {
    var text = ""
    while !text.contains(wanted) {
      let more = await read()
      if more.isEmpty { break }
      text += more
    }
    return text
  }

  func readToEnd() async -> String {
    var text = ""
    while true {
      let more = await read()
      if more.isEmpty { return text }
      text += more
    }
  }
}
