import Engine
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

  public func start(_ lease: LeaseID) async throws(DriverError) { try requireRunning(lease, "start") }
  public func stop(_ lease: LeaseID) async throws(DriverError) { try requireRunning(lease, "stop") }
  public func restartEnded() async -> [LeaseID] { [] }
}
