import Engine
import Glibc
import Ledger

/// `runc` or `crun`, called by name. What they know of a container is their state folder and the control group; the truth
/// about processes is the control group's.
struct OCIRuntime: Sendable {
  let program: String
  /// Their `--root`.
  let folder: String
  let box: BoxProgram
  let groups: RuntimeGroups
  /// Then one of its runs is killed. It reads files of the renter's, and may be made to wait for ever.
  let patience: Duration

  private func common(_ log: String) -> [String] {
    ["--root", folder, "--log", log, "--log-format", "json"]
  }

  /// Where a run's three descriptors lead; -1 is `/dev/null`.
  struct Descriptors: Sendable {
    var input: Int32 = -1
    var output: Int32 = -1
    var error: Int32 = -1
  }

  /// Runs it inside a limited group of its own; whatever it leaves in there is killed.
  ///
  /// - Parameter status: what becomes descriptor 3 of the command.
  private func enter(
    _ lease: LeaseID, _ arguments: [String], _ verb: String, status: String = "/dev/null", staying: Bool = false,
    _ descriptors: Descriptors, started: @escaping @Sendable () -> Void = {}
  ) async throws(DriverError) -> Int32 {
    let attempted = "\(program) \(verb) \(lease)"
    let path = try ForeignProgram.find(program, attempted: attempted)
    let group = try groups.begin(lease)
    let run = ForeignProgram(
      path: box.path, arguments: box.entering(group.entrances, status: status, staying: staying, [path] + arguments),
      standardInput: descriptors.input, standardOutput: descriptors.output, standardError: descriptors.error,
      attempted: attempted,
      killOthers: {
        // It is tried again when the group is left.
        do { try await group.killAll() } catch { return }
      })
    let result: Result<Int32, DriverError>
    do throws(DriverError) {
      // Where it stays, whoever waits for its word has the patience.
      result = .success(try await run.run(within: staying ? .seconds(366 * 86_400) : patience, started: started))
    } catch {
      result = .failure(error)
    }
    // Also when this task was cancelled.
    await Task { await groups.end(group, of: lease) }.value
    return try result.get()
  }

  /// Makes and starts the container; returns when its process 1 runs, or at once when that could not start its command:
  /// ``Bundle/exit`` says which.
  ///
  /// Its standard output and error are `output`, opened here and inherited: no pipe leads to this process.
  func run(_ bundle: Bundle) async throws(DriverError) {
    try HostFile.removeFile(bundle.runtimeLog)
    try Descriptor(opening: bundle.exit, O_WRONLY | O_CREAT | O_TRUNC).close()
    // The renter may hold a lease on his own file (fcntl(2)); nobody waits for it here.
    let output = try Descriptor(opening: bundle.output, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOFOLLOW)
    // The container shares what is set here.
    _ = fcntl(output.number, F_SETFL, O_APPEND)
    let before = lseek(output.number, 0, SEEK_END)
    let code = try await enter(
      bundle.lease,
      common(bundle.runtimeLog) + [
        "run", "--detach", "--preserve-fds", "1", "--bundle", bundle.folder, "\(bundle.lease)",
      ], "run", status: bundle.exit, Descriptors(output: output.number, error: output.number))
    if code == 0 { return }
    // What the runtime complained of is for the operator and not for the renter's log.
    ftruncate(output.number, before)
    throw DriverError(
      .failed, attempted: "\(program) run \(bundle.lease)",
      words: try complaint(bundle.runtimeLog) ?? "exit \(code)")
  }

  /// Starts a command in a running container. The runtime goes when that runs, and the container's processes have the
  /// descriptors; what stays until its end is ``BoxProgram`` alone. A cancelled task ends the runtime, and not the command.
  ///
  /// - Parameter started: from then on the descriptors are no longer needed here.
  /// - Returns: at the command's end, or with the runtime's exit code when it could not start it.
  func execute(
    _ bundle: Bundle, process: String, group: [String], log: String, status: String, _ descriptors: Descriptors,
    started: @escaping @Sendable () -> Void
  ) async throws(DriverError) -> Int32 {
    try await enter(
      bundle.lease,
      common(log) + ["exec", "--detach", "--preserve-fds", "1"] + group + ["--process", process, "\(bundle.lease)"],
      "exec", status: status, staying: true, descriptors, started: started)
  }

  /// Forgets the container, which does not run any more; success when it is not known.
  func forget(_ bundle: Bundle) async throws(DriverError) {
    let state = "\(folder)/\(bundle.lease)"
    guard HostFile.isFolder(state) else { return }
    // A half-written state is more than it can read: the folder is removed all the same.
    _ = try await enter(
      bundle.lease, common(bundle.runtimeLog) + ["delete", "--force", "\(bundle.lease)"], "delete", Descriptors())
    guard HostFile.isFolder(state) else { return }
    for name in try HostFile.names(in: state) { try HostFile.removeFile(state + "/" + name) }
    try HostFile.removeFolder(state)
  }

  /// Gives a running container other limits.
  func update(_ bundle: Bundle, _ limits: ContainerConfiguration.Limits) async throws(DriverError) {
    var arguments = [
      "update", "--memory", String(limits.memory.limit), "--cpu-period", String(limits.cpu.period), "--cpu-quota",
      String(limits.cpu.quota), "--cpu-share", String(limits.cpu.shares), "--pids-limit", String(limits.pids.limit),
    ]
    if let swap = limits.memory.swap { arguments += ["--memory-swap", String(swap)] }
    let code = try await enter(
      bundle.lease, common(bundle.runtimeLog) + arguments + ["\(bundle.lease)"], "update", Descriptors())
    guard code == 0 else {
      throw DriverError(
        .failed, attempted: "\(program) update \(bundle.lease)",
        words: try complaint(bundle.runtimeLog) ?? "exit \(code)")
    }
  }

  /// Ends runtimes that a killed daemon left at work on this container, so that nothing is made behind our back.
  ///
  /// They are known by their group, and by their arguments: our `--root` and the lease.
  func endStrays(of lease: LeaseID) async throws(DriverError) {
    try await groups.endAll(of: lease)
    let runtime = self
    var round = 0
    for _ in 0..<300 {
      let strays = try await BlockingWork.run { () throws(DriverError) in try runtime.strays(of: lease) }
      if strays.isEmpty { return }
      for stray in strays { kill(stray, SIGKILL) }
      try await Wait.longer(&round)
    }
    throw DriverError(.failed, attempted: "end strays of \(lease)", words: "they do not die")
  }

  private func strays(of lease: LeaseID) throws(DriverError) -> [pid_t] {
    var found: [pid_t] = []
    for name in try HostFile.names(in: "/proc") {
      guard let process = pid_t(name) else { continue }
      let text: String?
      do throws(DriverError) {
        text = try HostFile.text("/proc/\(name)/cmdline")
      } catch {
        // It ended while it was read.
        continue
      }
      guard let text, text.contains(folder) else { continue }
      let arguments = text.split(separator: "\0")
      if arguments.contains(Substring(folder)), arguments.contains(Substring("\(lease)")) { found.append(process) }
    }
    return found
  }

  /// The runtime's last error, from its log.
  func complaint(_ log: String) throws(DriverError) -> String? {
    guard let text = try HostFile.text(log) else { return nil }
    let line = text.split(separator: "\n").last { $0.contains(#""level":"error""#) || $0.contains(#""level":"fatal""#) }
    guard let line, let start = line.firstRange(of: #""msg":""#)?.upperBound else { return nil }
    var message = ""
    var escaped = false
    for character in line[start...] {
      if !escaped, character == "\"" { break }
      escaped = !escaped && character == "\\"
      if !escaped { message.append(character) }
    }
    return message
  }
}
