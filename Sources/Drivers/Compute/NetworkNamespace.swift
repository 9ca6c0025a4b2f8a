import CLinux
import Engine
import Glibc

/// The network namespace of a container, entered for as long as it takes to make a socket (network_namespaces(7)).
struct NetworkNamespace: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Of a process in the control group: a number is looked up there and used at once, and what was opened by it counts only
  /// if the group has it still.
  ///
  /// - Throws: `.stopped` when nothing runs there.
  init(of group: Cgroup, attempted: String) throws(DriverError) {
    let ours = try Self.identity("/proc/self/ns/net")
    for process in try group.processes().prefix(64) {
      let number = open("/proc/\(process)/ns/net", O_RDONLY | O_CLOEXEC)
      // It ended meanwhile.
      guard number >= 0 else { continue }
      let found = Descriptor(number: number)
      // The runtime's own, which is not inside yet.
      guard try Self.identity("/proc/self/fd/\(number)") != ours else { continue }
      guard try group.processes().contains(process) else { continue }
      descriptor = found
      return
    }
    throw DriverError(.stopped, attempted: attempted, words: "nothing runs in the container")
  }

  /// A socket on its way to a port of the loopback there.
  ///
  /// - Throws: `.refused` when nothing listens.
  borrowing func connect(to port: UInt16, attempted: String) throws(DriverError) -> (socket: Int32, isPending: Bool) {
    do throws(DriverError) {
      return try begin(port, v6: false, attempted)
    } catch  where error.kind == .refused {
      return try begin(port, v6: true, attempted)
    }
  }

  private borrowing func begin(
    _ port: UInt16, v6: Bool, _ attempted: String
  ) throws(DriverError) -> (socket: Int32, isPending: Bool) {
    var pending: Int32 = 0
    let socket = clinux_connect_inside(descriptor.number, port, v6 ? 1 : 0, &pending)
    guard socket >= 0 else { throw Self.failure(errno, attempted) }
    return (socket, pending == 1)
  }

  /// How a connection that was pending came out.
  static func check(_ socket: Int32, attempted: String) throws(DriverError) {
    let code = clinux_socket_error(socket)
    guard code == 0 else { throw failure(code, attempted) }
  }

  private static func failure(_ code: Int32, _ attempted: String) -> DriverError {
    switch code {
    case ECONNREFUSED, ECONNRESET, EADDRNOTAVAIL, EAFNOSUPPORT:
      DriverError(.refused, attempted: attempted, words: "nothing listens there")
    default: DriverError(errno: code, attempted: attempted)
    }
  }

  private static func identity(_ path: String) throws(DriverError) -> UInt64 {
    var status = Glibc.stat()
    try systemCall("stat \(path)") { stat(path, &status) }
    return UInt64(status.st_ino)
  }
}
