import Engine
import Glibc
import Leasing
import Ledger
import Units

extension ComputeDriver {
  /// Tries each interface of the kernel that containers stand on, without making one: some milliseconds, for every start.
  ///
  /// - Throws: `.unavailable` with a sentence for each that is missing.
  public func prove() async throws(DriverError) {
    var shortages = await HostKernel.shortages(HostKernel.Interface.ofContainers, in: folder)
    do throws(DriverError) {
      if let sentence = try await groups.child("proof-\(UInt32.random(in: .min ... .max))").shortage() {
        shortages.append(sentence)
      }
    } catch {
      shortages.append("no control group can be made: \(error.words)")
    }
    guard shortages.isEmpty else {
      throw DriverError(
        .unavailable, attempted: "prove what containers stand on", words: shortages.joined(separator: "; "))
    }
  }

  /// A sentence for each of these image folders whose file system cannot show a lease's owners.
  public static func shortages(ofImages paths: [String]) async -> [String] {
    var sentences: [String] = []
    for path in paths where HostFile.isFolder(path) {
      sentences += await HostKernel.shortages([.mappedMounts], in: path)
    }
    return sentences
  }

  /// Runs a small container out of the host's static busybox and sees memory, processes, processor time and disk
  /// limited, and freezing freeze. About a second.
  ///
  /// - Throws: `.unavailable` naming what the host lacks, or `.failed` naming the promise that does not hold.
  public func probe() async throws(DriverError) {
    try await prove()
    guard HostFile.exists(options.busybox) else {
      throw DriverError(
        .unavailable, attempted: "probe containers", words: "there is no \(options.busybox) (package busybox-static)")
    }
    let lease = LeaseID(
      unixMilliseconds: UInt64(clock.now().microseconds / 1_000),
      random: (.random(in: .min ... .max), .random(in: .min ... .max)))
    let image = "\(folder)/.probe-\(lease)"
    let spec = ResourceSpec(
      lease: lease,
      resources: Resources(
        disk: .mebibytes(16), cpuMillis: 200, memory: .mebibytes(32), pids: 24),
      uidBase: 0x7000_0000, image: ImageReference(name: "probe", digest: "sha256:", path: image))
    let outcome: Result<Void, DriverError>
    do throws(DriverError) {
      try await makeProbeImage(image)
      try await provision(spec, generation: 1)
      try await proveLimits(spec)
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    // Also after a failure, which is what the caller is told of.
    let destroyed: Result<Void, DriverError>
    do throws(DriverError) {
      _ = try await destroy(lease, generation: 2)
      try HostFile.removeFile("\(fence.folder)/\(lease)")
      try removeProbeImage(image)
      destroyed = .success(())
    } catch {
      destroyed = .failure(error)
    }
    try outcome.get()
    try destroyed.get()
  }

  private static let applets = ["sh", "sleep", "dd", "head", "cat"]
  private static let folders = ["bin", "dev", "proc", "sys", "tmp"]

  private func makeProbeImage(_ image: String) async throws(DriverError) {
    try HostFile.makeFolder(image, mode: 0o755)
    for name in Self.folders { try HostFile.makeFolder("\(image)/\(name)", mode: 0o755) }
    try await Tool("cp").run([options.busybox, image + "/bin/busybox"])
    for name in Self.applets { try systemCall("symlink \(name)") { symlink("busybox", "\(image)/bin/\(name)") } }
  }

  private func removeProbeImage(_ image: String) throws(DriverError) {
    for name in Self.applets + ["busybox"] { try HostFile.removeFile("\(image)/bin/\(name)") }
    for name in Self.folders { try HostFile.removeFolder("\(image)/\(name)") }
    try HostFile.removeFolder(image)
  }

  private func proveLimits(_ spec: ResourceSpec) async throws(DriverError) {
    let group = group(spec.lease)
    func promise(_ holds: Bool, _ words: String) throws(DriverError) {
      if !holds { throw DriverError(.failed, attempted: "probe containers", words: words) }
    }

    try promise(
      try await code(of: "exec dd if=/dev/zero of=/dev/null bs=64M count=1", spec.lease) == 137,
      "memory is not limited")
    try promise(
      try await code(of: "dd if=/dev/zero of=/full bs=1M count=64; r=$?; rm /full; exit $r", spec.lease) != 0,
      "disk is not limited")
    // A shell that cannot fork ends with 2. What it has started outlasts the slowest machine's starting of the rest, and
    // is ended from here.
    try promise(
      try await code(of: "i=0; while [ $i -lt 64 ]; do sleep 60 >/dev/null 2>&1 & i=$((i+1)); done", spec.lease) != 0,
      "processes are not limited")
    let run = runGroup(spec.lease)
    for name in try run.children() { try await run.child(name).killAll() }
    let room = try await Wait.until(.seconds(30)) { () throws(DriverError) in try (group.tasks() ?? 0) <= 4 }
    try promise(room, "processes do not end")

    let busy = try await exec(
      ExecCommand(arguments: ["/bin/sh", "-c", "while :; do :; done"]), in: spec.lease)
    let began = ContinuousClock.now
    let before = try group.cpuMicroseconds() ?? 0
    // Until it has had its fifth of half a second, or far longer than that takes.
    let ran = try await Wait.until(.seconds(30)) { () throws(DriverError) in
      try (group.cpuMicroseconds() ?? 0) - before >= 100_000
    }
    let took = began.duration(to: .now)
    try promise(ran, "a container got no processor time")
    // Half of what is due, because a period may have begun before.
    try promise(took >= .milliseconds(200), "processor time is not limited")
    try await suspend(spec.lease, generation: 1)
    let frozen = try group.cpuMicroseconds() ?? 0
    for _ in 0..<50 { try await Wait.shortly() }
    try promise(try (group.cpuMicroseconds() ?? 0) == frozen, "a frozen container runs")
    _ = busy
  }

  private func code(of script: String, _ lease: LeaseID) async throws(DriverError) -> Int32 {
    let stream = try await exec(
      ExecCommand(arguments: ["/bin/sh", "-c", script], timeout: 20), in: lease)
    do {
      for try await output in stream {
        switch output {
        case .exited(let code): return code
        case .failed(let reason): throw DriverError(.failed, attempted: "probe containers", words: reason)
        case .standardOutput, .standardError: continue
        }
      }
    } catch let error as DriverError {
      throw error
    } catch {
      throw DriverError(.failed, attempted: "probe containers", words: "\(error)")
    }
    throw DriverError(.failed, attempted: "probe containers", words: "a command had no end")
  }
}
