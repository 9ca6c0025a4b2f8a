import Foundation
import Glibc

/// A connection that sends the bytes it is given, for what no HTTP client would send.
public struct Bare: Sendable {
  private let socket: CInt

  /// Connects to a port of 127.0.0.1.
  ///
  /// - Parameter source: the address that the other side sees; any of 127.0.0.0/8.
  public init(port: Int, from source: String = "127.0.0.1") throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    // Who waits for ever for a server that has gone wrong says nothing of what it is.
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let socket = socket
    guard Self.call(source, 0, { bind(socket, $0, $1) }) == 0,
      Self.call("127.0.0.1", port, { Glibc.connect(socket, $0, $1) }) == 0
    else {
      let failure = errno
      Glibc.close(socket)
      throw POSIXError(.init(rawValue: failure) ?? .EIO)
    }
  }

  private static func call(
    _ host: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
  ) -> CInt {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr(host)
    return withUnsafePointer(to: address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  public func close() { _ = Glibc.close(socket) }
  public func finishSending() { _ = shutdown(socket, CInt(SHUT_WR)) }

  /// Sends all of it, or as much as the other side takes.
  public func send(_ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, CInt(MSG_NOSIGNAL))
      }
      // A server that has refused already takes no more; its answer is what matters.
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Some bytes, or none at the end.
  public func read() async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [socket] in
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = max(0, recv(socket, &buffer, buffer.count, 0))
        continuation.resume(returning: String(decoding: buffer[..<count], as: UTF8.self))
      }
    }
  }

  /// What comes until a text stands in it, or everything where it never does.
  public func read(until wanted: String) async -> String {
    var text = ""
    while !text.contains(wanted) {
      let more = await read()
      if more.isEmpty { break }
      text += more
    }
    return text
  }

  public func readToEnd() async -> String {
    var text = ""
    while true {
      let more = await read()
      if more.isEmpty { return text }
      text += more
    }
  }
}
