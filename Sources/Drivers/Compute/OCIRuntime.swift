import Engine
import Glibc
import Ledger
import Subprocess
import SystemPackage

/// `runc` or `crun`, called by name. What they know of a container is their state folder and the control group; the truth
/// about processes is the control group's.
struct OCIRuntime: Sendable {
  let program: String
  /// Their `--root`.
  let folder: String

  private func common(_ log: String) -> [String] {
    ["--root", folder, "--log", log, "--log-format", "json"]
  }

  /// Makes and starts the container; returns when its command runs.
  ///
  /// Its standard output and error are `output`, opened here and inherited: no pipe leads to this process.
  func run(_ bundle: Bundle) async throws(DriverError) {
    let attempted = "\(program) run \(bundle.lease)"
    try HostFile.removeFile(bundle.runtimeLog)
    let output = try Descriptor(opening: bundle.output, O_WRONLY | O_APPEND)
    let before = lseek(output.number, 0, SEEK_END)
    let status: TerminationStatus
    do {
      status = try await Subprocess.run(
        program.hasPrefix("/") ? .path(.init(program)) : .name(program),
        arguments: .init(
          common(bundle.runtimeLog) + ["run", "--detach", "--bundle", bundle.folder, "\(bundle.lease)"]),
        environment: .custom(["PATH": Tool.searchPath]), input: .none,
        output: .fileDescriptor(.init(rawValue: output.number), closeAfterSpawningProcess: false),
        error: .fileDescriptor(.init(rawValue: output.number), closeAfterSpawningProcess: false)
      ).terminationStatus
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw DriverError(.unavailable, attempted: attempted, words: "there is no \(program) on this host")
    } catch {
      throw DriverError(.failed, attempted: attempted, words: "\(error)")
    }
    if status.isSuccess { return }
    // What the runtime complained of is for the operator and not for the renter's log.
    ftruncate(output.number, before)
    throw DriverError(.failed, attempted: attempted, words: try complaint(bundle.runtimeLog) ?? "\(status)")
  }

  /// Forgets the container, which does not run any more; success when it is not known.
  func forget(_ bundle: Bundle) async throws(DriverError) {
    let state = "\(folder)/\(bundle.lease)"
    guard HostFile.isFolder(state) else { return }
    // A half-written state is more than it can read: the folder is removed all the same.
    try await Tool(program).run(
      common(bundle.runtimeLog) + ["delete", "--force", "\(bundle.lease)"], accepting: Set(0...255))
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
    try await Tool(program).run(common(bundle.runtimeLog) + arguments + ["\(bundle.lease)"])
  }

  func executionArguments(_ bundle: Bundle, process: String, group: [String], log: String) -> [String] {
    common(log) + ["exec"] + group + ["--process", process, "\(bundle.lease)"]
  }

  /// Ends runtimes that a killed daemon left at work on this container, so that nothing is made behind our back.
  ///
  /// They are known by their arguments: our `--root` and the lease.
  func endStrays(of lease: LeaseID) async throws(DriverError) {
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
