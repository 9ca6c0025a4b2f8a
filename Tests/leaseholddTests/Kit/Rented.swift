import Foundation
import Glibc
import L402
import Ledger
import Macaroons
import Testing

/// A disk at the door, and the credential that opens it.
struct Rented: Sendable {
  static let secret = "nobody else's business"

  let lease: LeaseID
  let credential: PresentedCredential
  let root: String
  let port: Int

  struct Reply: Sendable {
    var status: Int
    var text: String
    /// The problem's code; `nil` when it is none.
    var code: String? {
      text.split(separator: "urn:leasehold:problem:").dropFirst().first.map { String($0.prefix { $0 != "\"" }) }
    }
  }

  func narrowed(_ caveats: String...) throws -> String {
    try PresentedCredential(macaroon: credential.macaroon.adding(caveats), preimage: credential.preimage).authorization
  }

  /// The address of what lies at `path`, which is sent as it is.
  func url(_ path: String) -> String { "http://127.0.0.1:\(port)/dav/\(lease)\(path)" }

  /// Every name on the disk that does not lie in `/photos`, and what the files say.
  func outside() throws -> [String: String] {
    let names = try #require(FileManager.default.subpaths(atPath: root)).filter { !$0.hasPrefix("photos/") }
    return Dictionary(
      uniqueKeysWithValues: names.map { name in
        (
          name,
          FileManager.default.contents(atPath: root + "/" + name).map { String(decoding: $0, as: UTF8.self) } ?? ""
        )
      })
  }

  /// One request on a connection of its own, with exactly these bytes in its first line, behind the lease's name.
  ///
  /// - Parameter door: what stands before that.
  func send(
    _ method: String, _ path: String, _ authorization: String?, _ headers: [String: String] = [:], body: String? = nil,
    door: String = "/dav/"
  ) async throws -> Reply {
    var text = "\(method) \(door)\(lease)\(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
    if let authorization { text += "Authorization: \(authorization)\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
    return try await Self.reply(to: text + "\r\n" + (body ?? ""), port: port)
  }

  /// What comes on a connection of its own, to its end, for exactly these bytes.
  static func reply(to text: String, port: Int) async throws -> Reply {
    let answer = try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try exchange(Array(text.utf8), port: port) }) }
    }
    let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) }
    return Reply(status: status ?? 0, text: answer)
  }

  private static func exchange(_ bytes: [UInt8], port: Int) throws -> String {
    let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    guard Glibc.send(socket, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count else { throw POSIXError(.EPIPE) }
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
      answer += buffer.prefix(count)
    }
  }
}
