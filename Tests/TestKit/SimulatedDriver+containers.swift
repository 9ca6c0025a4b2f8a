import Engine
import Glibc
import Ledger

/// Its containers run every command to the end at once; frozen ones run none.
extension SimulatedDriver: ContainerAccess {
  private func requireRunning(_ lease: LeaseID, _ what: String) throws(DriverError) {
    guard let resource = resource(lease) else {
      throw DriverError(.absent, attempted: what, words: "there is no such container")
    }
    guard resource.phase != .stopped else {
      throw DriverError(.stopped, attempted: what, words: "it is stopped")
    }
    guard resource.phase == .running else {
      throw DriverError(.failed, attempted: what, words: "it does not run")
    }
  }

  public func exec(
    _ command: ExecCommand, input: ExecInput, in lease: LeaseID
  ) async throws(DriverError) -> AsyncThrowingStream<ExecOutput, any Error> {
    try requireRunning(lease, "exec")
    return AsyncThrowingStream { continuation in
      continuation.yield(.exited(code: 0))
      continuation.finish()
    }
  }

  public func logs(of lease: LeaseID, _ part: LogPart, follow: Bool) async throws(DriverError) -> ContainerLog {
    try requireRunning(lease, "logs")
    return ContainerLog(position: 0, output: AsyncThrowingStream { $0.finish() })
  }

  public func setDisk(_ disk: AttachedDisk?, of lease: LeaseID) async throws(DriverError) {
    try setDisk(disk, of: lease, ())
  }

  public func commandState(of lease: LeaseID) async throws(DriverError) -> CommandState? {
    switch resource(lease)?.phase {
    case nil, .absent, .partial: nil
    case .running, .suspended: CommandState(.running)
    case .stopped: CommandState(.stopped)
    }
  }

  /// What listens on port 8 takes nobody in, on 9 it hangs up, and on 10 it says `here` and hangs up.
  public func connect(
    to port: UInt16, in lease: LeaseID, as visitor: PortVisitor
  ) async throws(DriverError) -> PortConnection {
    try requireRunning(lease, "connect")
    switch port {
    case 8: throw DriverError(.silent, attempted: "connect", words: "the port took no connection in time")
    case 9, 10:
      var ends: [Int32] = [-1, -1]
      guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
        throw DriverError(.failed, attempted: "connect", words: "no pair of sockets")
      }
      let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere".utf8)
      if port == 10 { _ = send(ends[1], answer, answer.count, Int32(MSG_NOSIGNAL)) }
      _ = shutdown(ends[1], Int32(SHUT_WR))
      let theirs = ends[1]
      return PortConnection(ends[0]) { number in
        if let number { close(number) }
        close(theirs)
      }
    default: throw DriverError(.refused, attempted: "connect", words: "nothing listens there")
    }
  }

  public func start(_ lease: LeaseID) async throws(DriverError) { try requireRunning(lease, "start") }
  public func stop(_ lease: LeaseID) async throws(DriverError) { try requireRunning(lease, "stop") }
  public func restartEnded() async -> [LeaseID] { [] }
}
