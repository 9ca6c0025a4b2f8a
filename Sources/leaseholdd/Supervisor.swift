import Foundation

/// Whoever started us and wants to know how we stand, as sd_notify(3) has it: systemd with `Type=notify`. One datagram to
/// the socket that `NOTIFY_SOCKET` names; without the variable nobody asked.
struct Supervisor: Sendable {
  let socket: String?

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    socket = environment["NOTIFY_SOCKET"]
  }

  /// `READY=1` once requests are answered, `STOPPING=1` when they no longer will be; `STATUS=` with words for
  /// `systemctl status`.
  ///
  /// - Returns: whether it was told, or nobody asked. Whoever does not listen any more is no reason to stop serving.
  @discardableResult
  func tell(_ lines: String...) -> Bool {
    guard let socket else { return true }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socket.utf8)
    guard path.first == UInt8(ascii: "/") || path.first == UInt8(ascii: "@") else { return false }
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.count < room else { return false }
    // A name that is in no file system.
    if path[0] == UInt8(ascii: "@") { path[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sockaddr_un>.size - room + path.count)
    let file = Foundation.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard file >= 0 else { return false }
    defer { close(file) }
    let message = Array(lines.joined(separator: "\n").utf8)
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(file, message, message.count, Int32(MSG_NOSIGNAL), $0, length) == message.count
      }
    }
  }
}
