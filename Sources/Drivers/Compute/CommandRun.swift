import Engine
import Glibc
import Ledger
import Units

/// One command in a container, from its start to its end.
///
/// The runtime starts it and goes; ``BoxProgram`` above it says how it ended, and another in the runtime's group on the
/// host stays to reap it. Its three streams are pipes that lead here.
struct CommandRun: Sendable {
  let driver: ComputeDriver
  let command: ExecCommand
  let input: ExecInput
  let bundle: Bundle
  /// The container's root, as the host numbers it.
  let uid: UInt32
  /// A group below the container's, for the one purpose of finding every process of this command.
  let group: Cgroup
  /// The runtime's `process.json`; locked as long as somebody reads the command's output.
  let file: String
  let lock: LockedFile
  /// What was paid for.
  let memory: ByteCount
  /// Given back when all of it is over.
  let place: DoorPlaces.Place

  /// - Throws: `.failed`, `.noSpace`, when the host does.
  init(
    driver: ComputeDriver, command: ExecCommand, input: ExecInput, record: ContainerRecord, place: DoorPlaces.Place
  ) throws(DriverError) {
    self.driver = driver
    self.command = command
    self.input = input
    self.place = place
    bundle = driver.bundle(record.spec.lease)
    uid = record.spec.uidBase
    memory = record.spec.resources.memory
    let name = "x" + String(UInt64.random(in: .min ... .max), radix: 36)
    group = driver.runGroup(record.spec.lease).child(name)
    file = bundle.commands + "/" + name
    try HostFile.makeFolder(bundle.commands, mode: 0o700)
    // In a file, because arguments and environment of a program on the host can be read by everybody there.
    let process = try driver.process(
      record.spec, driver.imageDefaults(record.spec), arguments: BoxProgram.over(command.arguments),
      environment: command.environment)
    let descriptor = try Descriptor(opening: file, O_RDWR | O_CREAT | O_EXCL)
    try systemCall("flock \(file)") { flock(descriptor.number, LOCK_EX) }
    try HostFile.write(Array(JSONText.of(process).utf8), to: descriptor.number, named: file)
    lock = LockedFile(descriptor)
    try group.makeTracked()
  }

  func perform(_ channel: OutputChannel) async {
    let killsBefore = memoryKills
    let running = Task { try await run(channel) }
    channel.whenAbandoned { running.cancel() }
    let timer = command.timeout.map { limit in
      Task {
        if await Poller.shared.sleep(until: .now + .seconds(limit.count)) == .timeOver { running.cancel() }
      }
    }
    let result = await running.result
    timer?.cancel()
    var end: ExecOutput
    var isBroken = true
    switch result {
    case .success(let output):
      end = memoryKills > killsBefore ? await explain(output, to: channel) : output
      isBroken = false
    case .failure(let error as DriverError) where error.kind == .timedOut:
      end = .failed(reason: "the command did not start in time")
    case .failure(let error): end = .failed(reason: error is CancellationError ? "killed" : "\(error)")
    }
    // Killed with everything it has started, unless it ended by itself.
    var killed = true
    if running.isCancelled || isBroken {
      killed = await killAll()
      if running.isCancelled, !channel.isAbandoned, let limit = command.timeout {
        end = .failed(reason: "killed: it took longer than \(limit.count) s")
      }
    }
    cleanUp(killed: killed)
    place.giveBack()
    channel.end(with: end)
  }

  private func run(_ channel: OutputChannel) async throws -> ExecOutput {
    let streams = try Streams(takesInput: !input.isNone, uid: uid)
    let (output, error, status, feed) = (streams.output, streams.error, streams.status, streams.feed)
    let starting = Task {
      try await driver.runtime.execute(
        bundle, process: file, group: ["--cgroup", subgroup], log: file + ".log",
        status: "/proc/\(getpid())/fd/\(status.theirNumber)",
        .init(input: feed?.theirNumber ?? -1, output: output.theirNumber, error: error.theirNumber),
        started: { for end in [output, error, feed] { end?.closeTheirs() } })
    }
    // Our own copy of their end keeps it open until somebody else has one, or nobody will.
    Task {
      _ = await starting.result
      for end in [output, error, status, feed] { end?.closeTheirs() }
    }
    let patience = driver.runtime.patience
    let isLate = Task {
      guard await Poller.shared.sleep(until: .now + patience) == .timeOver else { return false }
      starting.cancel()
      status.endReading()
      return true
    }
    defer { isLate.cancel() }
    do {
      let report = try await relay(streams, channel, begun: { isLate.cancel() })
      if report.began || report.failure != nil {
        await Self.end(starting)
        return try await end(report, channel)
      }
      isLate.cancel()
      if await isLate.value {
        throw DriverError(.timedOut, attempted: "exec in \(bundle.lease)", words: "not begun after \(patience)")
      }
      let code = try await starting.value
      return code == 0 ? .exited(code: 128 + SIGKILL) : try exit(code)
    } catch {
      // With the command, which the caller kills.
      starting.cancel()
      _ = await starting.result
      throw error
    }
  }

  /// What stands by goes when the command has gone; a moment is enough.
  private static func end(_ starting: Task<Int32, any Error>) async {
    let timer = Task {
      if await Poller.shared.sleep(until: .now + .seconds(5)) == .timeOver { starting.cancel() }
    }
    _ = await starting.result
    timer.cancel()
  }

  private struct Streams: Sendable {
    let output: PipeEnds
    let error: PipeEnds
    let status: PipeEnds
    let feed: PipeEnds?

    init(takesInput: Bool, uid: UInt32) throws(DriverError) {
      output = try PipeEnds(ours: .reading)
      error = try PipeEnds(ours: .reading)
      status = try PipeEnds(ours: .reading)
      feed = takesInput ? try PipeEnds(ours: .writing) : nil
      for end in [output, error, feed].compactMap({ $0 }) { try end.give(to: uid) }
    }
  }

  /// Hands output and input on until the command has ended, and all of its output is handed on.
  private func relay(
    _ streams: Streams, _ channel: OutputChannel, begun: @escaping @Sendable () -> Void
  ) async throws -> BoxProgram.Report {
    try await withThrowingTaskGroup(of: Part.self) { group in
      group.addTask {
        while let bytes = try await streams.output.read() { try await channel.send(.standardOutput(bytes)) }
        return .streamEnded
      }
      group.addTask {
        while let bytes = try await streams.error.read() { try await channel.send(.standardError(bytes)) }
        return .streamEnded
      }
      group.addTask {
        var bytes: [UInt8] = []
        // Its end, or that of all who could tell it.
        while BoxProgram.Report(bytes).isOpen, let more = try await streams.status.read(upTo: 64) {
          bytes += more
          begun()
          streams.status.closeTheirs()
        }
        // A child that it left running may hold its output for ever.
        streams.output.endReading()
        streams.error.endReading()
        return .ended(BoxProgram.Report(bytes))
      }
      if let feed = streams.feed {
        group.addTask {
          do {
            try await self.feed(feed)
            return .fed
          } catch {
            return .brokeOff(error)
          }
        }
      }
      var report: BoxProgram.Report?
      var open = 2
      while report == nil || open > 0, let part = try await group.next() {
        switch part {
        case .streamEnded: open -= 1
        case .ended(let said): report = said
        case .fed: continue
        // A client that breaks off its sending gives up the command, unless that wants no more.
        case .brokeOff(let error): if report == nil { throw error }
        }
      }
      group.cancelAll()
      return report ?? BoxProgram.Report([])
    }
  }

  private enum Part: Sendable {
    case streamEnded
    case ended(BoxProgram.Report)
    case fed
    case brokeOff(any Error)
  }

  /// Hands the input on, piece by piece, for as long as the command takes it; and closes it.
  private func feed(_ pipe: PipeEnds) async throws {
    defer { pipe.close() }
    switch input {
    case .none: return
    case .bytes(let bytes): _ = try await pipe.write(bytes)
    case .stream(let next):
      while let piece = try await next() {
        guard try await pipe.write(piece) else { return }
      }
    }
  }

  private func end(_ report: BoxProgram.Report, _ channel: OutputChannel) async throws -> ExecOutput {
    if let code = report.failureCode, let name = command.arguments.first {
      let why = code == 127 ? "not found" : String(cString: strerror(report.failure ?? EACCES))
      try await channel.send(.standardError(Array("\(name): \(why)\n".utf8)))
      return .exited(code: code)
    }
    // Who stands over it was killed, as everything in the container can be.
    return .exited(code: report.code ?? 128 + SIGKILL)
  }

  private var subgroup: String {
    let name = group.path.split(separator: "/").last.map(String.init) ?? ""
    return driver.mode.version == .hybrid ? "freezer:" + name : name
  }

  /// The runtime could not start what stands over the command: the folder it begins in is missing, say, or the limits are
  /// reached.
  private func exit(_ code: Int32) throws(DriverError) -> ExecOutput {
    let words = try driver.runtime.complaint(file + ".log") ?? ""
    driver.log.debug(
      "command not started", metadata: ["lease": "\(bundle.lease)", "code": "\(code)", "words": "\(words)"])
    if words.contains("no such file") { return .exited(code: 127) }
    if words.contains("permission denied") { return .exited(code: 126) }
    return .failed(reason: "the command could not be started")
  }

  private var memoryKills: Int64 {
    // A container that has just gone has no counters, and nothing to explain.
    (try? driver.runGroup(bundle.lease).oomKills()).flatMap { $0 } ?? 0
  }

  /// Says what a bare 137 does not: that the limit on memory did it, which what lies in `/dev/shm` counts for as well.
  private func explain(_ end: ExecOutput, to channel: OutputChannel) async -> ExecOutput {
    let words = "killed: the container has used all of its \(memory.count >> 20) MiB of memory (/dev/shm is part of it)"
    switch end {
    case .failed: return .failed(reason: words)
    case .exited(code: 137):
      // Nobody reads any more: then nobody needs to know.
      try? await channel.send(.standardError(Array("leasehold: \(words)\n".utf8)))
      return end
    case .exited, .standardOutput, .standardError: return end
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

  /// What a command that ended by itself left running keeps the group, which goes with the container or when another
  /// command finds it empty. What could not be killed keeps the file, by which the next command on this container finds it.
  private func cleanUp(killed: Bool) {
    group.removeTracked()
    unlink(file + ".log")
    if killed { unlink(file) }
  }
}

extension BoxProgram.Report {
  /// Whether more is to come.
  fileprivate var isOpen: Bool { failure == nil && code == nil }
}

/// A locked file that several hold.
final class LockedFile: Sendable {
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }
}
