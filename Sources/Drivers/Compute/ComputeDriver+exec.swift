import Engine
import Glibc
import Ledger

extension ComputeDriver {
  /// Runs under the container's own limits, user, seccomp profile and empty capabilities.
  ///
  /// A command that is killed (its stream dropped, its time over, its input broken off) is killed with everything it has
  /// started. One that ends by itself may leave children running, as a shell may; its stream ends with it, whoever holds
  /// its output still.
  public func exec(
    _ command: ExecCommand, input: ExecInput, in lease: LeaseID
  ) async throws(DriverError) -> AsyncThrowingStream<ExecOutput, any Error> {
    let attempted = "exec in \(lease)"
    guard let first = command.arguments.first, !first.isEmpty else {
      throw DriverError(.failed, attempted: attempted, words: "no command is given")
    }
    let record = try made(lease, attempted)
    guard !record.suspended else {
      throw DriverError(.failed, attempted: attempted, words: "the container is suspended")
    }
    guard try runGroup(lease).isPopulated() else {
      throw DriverError(.stopped, attempted: attempted, words: "the container is stopped")
    }
    let place = try places.take(.command, of: lease, attempted: attempted)
    try await endForsakenCommands(lease)
    let run = try CommandRun(driver: self, command: command, input: input, record: record, place: place)
    let channel = OutputChannel()
    Task { await run.perform(channel) }
    return channel.stream()
  }

  /// Kills the commands of daemons that are gone: nobody reads them.
  private func endForsakenCommands(_ lease: LeaseID) async throws(DriverError) {
    let bundle = bundle(lease)
    for name in try HostFile.names(in: bundle.commands) where !name.contains(".") {
      let path = bundle.commands + "/" + name
      let number = open(path, O_RDONLY | O_CLOEXEC)
      guard number >= 0 else { continue }
      let file = Descriptor(number: number)
      guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { continue }
      let group = runGroup(lease).child(name)
      try await group.killAll()
      try await group.remove()
      try HostFile.removeFile(path + ".log")
      try HostFile.removeFile(path)
    }
    // What commands left running may have ended since: their groups are empty then, and no file speaks of them.
    let known = Set(try HostFile.names(in: bundle.commands))
    for name in try runGroup(lease).children() where name.hasPrefix("x") && !known.contains(name) {
      runGroup(lease).child(name).removeTracked()
    }
  }
}
