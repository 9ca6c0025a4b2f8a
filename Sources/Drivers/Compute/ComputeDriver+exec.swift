import CLinux
import Engine
import Glibc
import Ledger
import Subprocess
import SystemPackage

extension ComputeDriver {
  /// Runs under the container's own limits, user, seccomp profile and empty capabilities.
  ///
  /// A command that is killed (its stream dropped, its time over) is killed with everything it has started. One that
  /// ends by itself may leave children running, as a shell may; its stream ends when they have let go of the output.
  public func exec(
    _ command: ExecCommand, in lease: LeaseID
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
    try await endForsakenCommands(lease)
    let run = try CommandRun(driver: self, command: command, record: record)
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
  }
}

/// One command in a container, from its start to its end.
private struct CommandRun: Sendable {
  let driver: ComputeDriver
  let command: ExecCommand
  let bundle: Bundle
  /// A group below the container's, for the one purpose of finding every process of this command.
  let group: Cgroup
  /// The runtime's `process.json`; locked as long as somebody reads the command's output.
  let file: String
  let lock: LockedFile

  /// - Throws: `.failed`, `.noSpace`, when the host does.
  init(driver: ComputeDriver, command: ExecCommand, record: ContainerRecord) throws(DriverError) {
    self.driver = driver
    self.command = command
    bundle = driver.bundle(record.spec.lease)
    let name = "x" + String(UInt64.random(in: .min ... .max), radix: 36)
    group = driver.runGroup(record.spec.lease).child(name)
    file = bundle.commands + "/" + name
    try HostFile.makeFolder(bundle.commands, mode: 0o700)
    // In a file, because arguments and environment of a program on the host can be read by everybody there.
    let process = try driver.process(
      record.spec, driver.imageDefaults(record.spec), arguments: command.arguments, environment: command.environment)
    let descriptor = try Descriptor(opening: file, O_RDWR | O_CREAT | O_EXCL)
    try systemCall("flock \(file)") { flock(descriptor.number, LOCK_EX) }
    try HostFile.write(Array(JSONText.of(process).utf8), to: descriptor.number, named: file)
    lock = LockedFile(descriptor)
    try group.makeTracked()
  }

  private enum End: Sendable {
    case status(TerminationStatus)
    case timeOver
  }

  func perform(_ channel: OutputChannel) async {
    let running = Task { try await run(channel) }
    channel.whenAbandoned { running.cancel() }
    let timer = command.timeout.map { limit in
      Task {
        try await Task.sleep(for: .seconds(limit.count))
        running.cancel()
      }
    }
    let result = await running.result
    timer?.cancel()
    var end: ExecOutput
    switch result {
    case .success(let status): end = exit(status)
    case .failure(let error):
      end = .failed(reason: error is CancellationError ? "killed" : "\(error)")
    }
    var killed = true
    if running.isCancelled {
      killed = await killAll()
      if !channel.isAbandoned, let limit = command.timeout {
        end = .failed(reason: "killed: it took longer than \(limit.count) s")
      }
    }
    cleanUp(killed: killed)
    channel.end(with: end)
  }

  private func run(_ channel: OutputChannel) async throws -> TerminationStatus {
    let input = try memoryFile(command.standardInput)
    let arguments = driver.runtime.executionArguments(
      bundle, process: file, group: ["--cgroup", subgroup], log: file + ".log")
    return try await Subprocess.run(
      driver.runtime.program.hasPrefix("/") ? .path(.init(driver.runtime.program)) : .name(driver.runtime.program),
      arguments: .init(arguments), environment: .custom(["PATH": Tool.searchPath]),
      input: .fileDescriptor(.init(rawValue: input.number), closeAfterSpawningProcess: false),
      output: .sequence, error: .sequence
    ) { execution in
      try await withThrowingTaskGroup { group in
        group.addTask {
          for try await buffer in execution.standardOutput {
            try await channel.send(.standardOutput(buffer.withUnsafeBytes { Array($0) }))
          }
        }
        group.addTask {
          for try await buffer in execution.standardError {
            try await channel.send(.standardError(buffer.withUnsafeBytes { Array($0) }))
          }
        }
        try await group.waitForAll()
      }
    }.terminationStatus
  }

  private var subgroup: String {
    let name = group.path.split(separator: "/").last.map(String.init) ?? ""
    return driver.mode.version == .hybrid ? "freezer:" + name : name
  }

  /// The bytes as an open file that is nowhere: a pipe would have to be fed by somebody.
  private func memoryFile(_ bytes: [UInt8]) throws(DriverError) -> Descriptor {
    let memory = Descriptor(
      number: try systemCall("memfd_create") { clinux_memory_file("stdin") })
    try HostFile.write(bytes, to: memory.number, named: "memfd")
    try systemCall("lseek") { lseek(memory.number, 0, SEEK_SET) }
    return memory
  }

  /// The runtime gives the command's own code, 128 + signal for a killed one, and 255 when it could not start it. The
  /// codes for that are the shells'.
  private func exit(_ status: TerminationStatus) -> ExecOutput {
    switch status {
    case .signaled(let signal): return .exited(code: 128 + signal)
    case .exited(let code):
      guard code == 255 || code == 1, let words = (try? driver.runtime.complaint(file + ".log")) ?? nil else {
        return .exited(code: code)
      }
      if words.contains("executable file not found") || words.contains("no such file") { return .exited(code: 127) }
      if words.contains("permission denied") { return .exited(code: 126) }
      return .failed(reason: "the command could not be started")
    }
  }

  /// In a task of its own, because this one may be cancelled.
  ///
  /// - Returns: whether all of it is dead. While the container is frozen nothing dies.
  private func killAll() async -> Bool {
    await Task {
      do {
        try await group.killAll()
        return true
      } catch {
        driver.log.debug("command not killed", metadata: ["lease": "\(bundle.lease)", "error": "\(error)"])
        return false
      }
    }.value
  }

  /// What a command that ended by itself left running keeps the group, which goes with the container. What could not be
  /// killed keeps the file, by which the next command on this container finds it.
  private func cleanUp(killed: Bool) {
    group.removeTracked()
    unlink(file + ".log")
    if killed { unlink(file) }
  }
}

/// A locked file that several hold.
private final class LockedFile: Sendable {
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }
}
