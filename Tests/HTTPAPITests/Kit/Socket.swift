import Foundation
import Glibc
import Synchronization

/// A bare connection, for what no HTTP client would send.
final class Socket: Sendable {
  private let descriptor: CInt
  private let rest = Mutex<[UInt8]>([])

  struct Failed: Error { var what: String }

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let descriptor = descriptor
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failed(what: "connect: \(errno)") }
  }

  func send(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // A server that has refused already takes no more; its answer is what matters.
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Everything that comes up to and with a text. What came behind it in the same piece is there for the next reader.
  func read(until wanted: String) async throws -> String {
    let wanted = Array(wanted.utf8)
    var bytes = takeRest()
    while true {
      if let found = bytes.firstRange(of: wanted) {
        let behind = Array(bytes[found.upperBound...])
        rest.withLock { $0 = behind }
        return String(decoding: bytes[..<found.upperBound], as: UTF8.self)
      }
      guard let more = try await next() else {
        throw Failed(
          what: "ended before \(String(decoding: wanted, as: UTF8.self)) in \(String(decoding: bytes, as: UTF8.self))")
      }
      bytes += more
    }
  }

  func readBytesToEnd() async throws -> [UInt8] {
    var bytes = takeRest()
    while let more = try await next() { bytes += more }
    return bytes
  }

  private func takeRest() -> [UInt8] {
    rest.withLock { rest in
      defer { rest = [] }
      return rest
    }
  }

  private func next() async throws -> [UInt8]? {
    let descriptor = descriptor
    return try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        if count > 0 {
          continuation.resume(returning: Array(buffer[..<count]))
        } else if count == 0 || errno == ECONNRESET {
          continuation.resume(returning: nil)
        } else {
          continuation.resume(throwing: Failed(what: "read: \(errno)"))
        }
      }
    }
  }

  func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }
  func close() { _ = Glibc.close(descriptor) }
}
