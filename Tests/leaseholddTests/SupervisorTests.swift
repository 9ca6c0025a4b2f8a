import Foundation
import Testing

@testable import leaseholdd

@Suite struct SupervisorTests {
  /// A socket of systemd's kind at `name`, which may be in no file system.
  private func listener(_ name: String) throws -> Int32 {
    let file = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    try #require(file >= 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(name.utf8)
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path) + path.count)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, length) }
    }
    try #require(bound == 0)
    return file
  }

  @Test(arguments: ["/tmp/leasehold-notify-", "@leasehold-notify-"])
  func whoeverStartedUsIsTold(_ prefix: String) throws {
    let name = prefix + UUID().uuidString
    let file = try listener(name)
    defer {
      close(file)
      unlink(name)
    }
    #expect(Supervisor(environment: ["NOTIFY_SOCKET": name]).tell("READY=1", "STATUS=serving"))
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = recv(file, &bytes, bytes.count, 0)
    #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "READY=1\nSTATUS=serving")
  }

  @Test func nobodyWhoListensIsNoFault() {
    #expect(Supervisor(environment: [:]).tell("READY=1"))
    #expect(!Supervisor(environment: ["NOTIFY_SOCKET": "/nowhere/\(UUID().uuidString)"]).tell("READY=1"))
    #expect(!Supervisor(environment: ["NOTIFY_SOCKET": String(repeating: "/x", count: 200)]).tell("READY=1"))
  }
}
