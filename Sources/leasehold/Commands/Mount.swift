import Client
import Foundation

/// How another program is told to mount, and is watched until it ends. The secret of the proxy goes by the environment or
/// a file of mode 0600 that is gone at once, never on a command line, which every user of the machine can read.
struct Mount {
  var lease: String
  var path: RemotePath
  var folder: String
  var isReadOnly: Bool
  /// Of the proxy.
  var address: String
  var secret: String
  var state: String

  /// What failed, by path.
  typealias Failures = @Sendable () -> [String: String]

  private var url: String { "\(address)/dav/\(lease)" }

  // MARK: rclone

  /// rclone's remotes can be written in the environment. The remote is called as the lease is, so that what lies in its
  /// cache is sent to no other.
  var rcloneEnvironment: [String: String] {
    let name = "RCLONE_CONFIG_\(lease.uppercased())_"
    return [
      name + "TYPE": "webdav", name + "VENDOR": "other", name + "URL": url,
      name + "HEADERS": "\(DoorProxy.header),\(secret)",
    ]
  }

  /// Of this folder of this lease, and nobody else's.
  var cache: String {
    let name =
      path.segments.isEmpty
      ? ""
      : "-"
        + path.segments.joined(separator: "-").utf8.reduce(into: UInt64(14_695_981_039_346_656_037)) {
          $0 = ($0 ^ UInt64($1)) &* 1_099_511_628_211
        }.description
    return "\(state)/mounts/\(lease)\(name)"
  }

  func rcloneArguments(on folder: String) -> [String] {
    let remote = "\(lease):" + path.segments.joined(separator: "/")
    return [
      "--config", "", "mount", remote, folder, "--vfs-cache-mode", "writes", "--cache-dir", cache,
      "--vfs-write-back", "1s", "--log-file", cache + "/rclone.log",
    ] + (isReadOnly ? ["--read-only"] : [])
  }

  func runRclone(_ program: String, failures: @escaping Failures) async throws {
    try FileManager.default.createDirectory(
      atPath: cache, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // Two programs at one cache would lose what they write.
    let lock = open(cache + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(lock) }
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw Complaint.usage("this folder of the lease is mounted already")
    }
    let interruption = Interruption()
    let child = try ChildProgram(program, rcloneArguments(on: folder), environment: rcloneEnvironment)
    let status = await watch(child, interruption) {
      await drain(interruption, failures)
      unmount(lazily: interruption.count > 1)
    }
    let left = VFSCache.unwritten(in: cache)
    // Unmounted by somebody who did not wait. What was kept is sent from a place that nobody sees.
    if failures().count < left.count, interruption.count < 2 { try await sendRest(program, interruption, failures) }
    try conclude(failures, status)
  }

  private func sendRest(_ program: String, _ interruption: Interruption, _ failures: Failures) async throws {
    Terminal.remark("sending what was written …")
    let place = cache + "/rest"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    defer { rmdir(place) }
    let child = try ChildProgram(program, rcloneArguments(on: place), environment: rcloneEnvironment)
    let rest = Task { await child.wait() }
    await drain(interruption, failures)
    Self.unmount(place, lazily: true)
    _ = await rest.value
  }

  /// Until nothing is left to be sent, or only what the server refuses again and again.
  private func drain(_ interruption: Interruption, _ failures: Failures) async {
    var isTold = false
    var stuckSince: ContinuousClock.Instant?
    let began = interruption.count
    while interruption.count <= max(1, began) {
      let left = VFSCache.unwritten(in: cache)
      guard !left.isEmpty else { return }
      if !isTold { Terminal.remark("sending \(left.count == 1 ? "a file" : "\(left.count) files") that changed …") }
      isTold = true
      if failures().count >= left.count {
        let since = stuckSince ?? .now
        stuckSince = since
        if ContinuousClock.now - since > .seconds(15) { return }
      } else {
        stuckSince = nil
      }
      try? await Task.sleep(for: .milliseconds(200))  // ended: looked at once more, and no longer than that
    }
  }

  private func conclude(_ failures: Failures, _ status: Int32) throws {
    let left = VFSCache.unwritten(in: cache)
    let refused = failures()
    guard left.isEmpty else {
      throw Complaint.failed(
        "not on the server: \(left.sorted().joined(separator: ", "))"
          + (refused.first.map { " (\($0.value))" } ?? "") + "; kept here, and sent when it is mounted again")
    }
    try Self.conclude(refused)
    guard status == 0 else { throw Complaint.failed("rclone ended with \(status): \(lastWords)") }
  }

  /// Of rclone, which writes into its cache what it has to say.
  private var lastWords: String {
    // Without its log it has said nothing.
    guard let text = try? String(contentsOfFile: cache + "/rclone.log", encoding: .utf8),
      let line = text.split(separator: "\n").last
    else { return "it said nothing" }
    return String(line)
  }

  private static func conclude(_ refused: [String: String]) throws {
    guard let first = refused.sorted(by: { $0.key < $1.key }).first else { return }
    throw Complaint.failed("not on the server: \(first.key): \(first.value)")
  }

  /// Waits for the program's end; once it is interrupted, has it unmounted.
  private func watch(
    _ child: ChildProgram, _ interruption: Interruption, _ end: @escaping () async -> Void
  ) async -> Int32 {
    var isEnding = false
    while true {
      if let status = child.status() { return status }
      if interruption.count > 0, !isEnding || interruption.count > 1 {
        isEnding = true
        await end()
        if interruption.count > 1 { child.terminate() }
      }
      try? await Task.sleep(for: .milliseconds(100))  // ended: the loop looks at the program and goes on
    }
  }

  private func unmount(lazily: Bool) {
    if !Self.unmount(folder, lazily: lazily) {
      Terminal.remark("\(folder) is in use: leave it, and it is unmounted; Ctrl-C again does not wait")
    }
  }

  @discardableResult
  private static func unmount(_ folder: String, lazily: Bool) -> Bool {
    for program in ["/usr/bin/fusermount3", "/usr/bin/fusermount", "/bin/fusermount"]
    where FileManager.default.isExecutableFile(atPath: program) {
      // One that cannot be run has not unmounted it.
      return (try? ChildProgram.run(program, ["-q", "-u"] + (lazily ? ["-z"] : []) + [folder], within: .seconds(10)))
        == 0
    }
    // As above.
    return (try? ChildProgram.run("/bin/umount", (lazily ? ["-l"] : []) + [folder], within: .seconds(10))) == 0
  }

  // MARK: davfs2

  var davfsConfiguration: String {
    """
    ask_auth 0
    use_locks 0
    add_header \(DoorProxy.header) "\(secret)"

    """
  }

  func runDavfs(_ program: String, failures: @escaping Failures) async throws {
    let file = state + "/davfs2.\(getpid()).conf"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Complaint.failed("cannot write \(file)") }
    Terminal.write(Array(davfsConfiguration.utf8), to: descriptor)
    close(descriptor)
    let interruption = Interruption()
    let place = ([url] + path.segments.map { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? $0 })
      .joined(separator: "/")
    let status: Int32
    do {
      // It has read the file when it ends, and leaves another of itself behind.
      defer { unlink(file) }
      status = try ChildProgram.run(
        program, [place + "/", folder, "-o", "conf=\(file)" + (isReadOnly ? ",ro" : "")], within: .seconds(60))
    }
    guard status == 0, MountPoint.isMounted(folder) else {
      throw Complaint.failed("mount.davfs did not mount it (\(status)); it says why in the system's log")
    }
    while interruption.count == 0, MountPoint.isMounted(folder) {
      try? await Task.sleep(for: .milliseconds(200))  // ended: looked at once more
    }
    if MountPoint.isMounted(folder) {
      Terminal.remark("sending what was written …")
      // davfs2 sends what it holds before this ends.
      let done = try ChildProgram.run("/bin/umount", [folder], within: .seconds(600))
      guard done == 0 else { throw Complaint.failed("\(folder) is in use and stays mounted: leave it, then umount it") }
    }
    try Self.conclude(failures())
  }
}

/// What rclone holds and has not sent yet: its own records say so.
enum VFSCache {
  /// Paths, without the lease.
  static func unwritten(in cache: String) -> [String] {
    let root = cache + "/vfsMeta"
    guard let files = FileManager.default.enumerator(atPath: root) else { return [] }
    var found: [String] = []
    for case let name as String in files {
      // A folder, or a record that is being written: not one that says anything.
      guard let bytes = FileManager.default.contents(atPath: root + "/" + name),
        // A record that cannot be read names no file that could be told of; rclone looks at it again with the next mount.
        let record = try? JSONDecoder().decode(Record.self, from: bytes), record.dirty
      else { continue }
      found.append(name.split(separator: "/").dropFirst().joined(separator: "/"))
    }
    return found
  }

  private struct Record: Decodable {
    var dirty: Bool
    enum CodingKeys: String, CodingKey { case dirty = "Dirty" }
  }
}
