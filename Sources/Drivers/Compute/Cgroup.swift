import Engine
import Glibc

/// One control group, by its path below the mount points, in whatever trees this host has.
///
/// Every reading is a file of a few bytes that the kernel writes while it is read; none of it blocks.
struct Cgroup: Hashable, Sendable {
  let mode: CgroupMode
  /// Absolute, as the runtime is told it: `/leasehold-…/lease`.
  let path: String

  func child(_ name: String) -> Cgroup { Cgroup(mode: mode, path: path + "/" + name) }

  private var tracked: String { mode.tracking + path }

  var exists: Bool { HostFile.isFolder(tracked) }

  /// Makes it in every tree, so that counters begin here and not in what a runtime makes below and removes again.
  func make() throws(DriverError) {
    for tree in mode.hierarchies {
      for attempt in 1... {
        do throws(DriverError) {
          try HostFile.makeFolders(tree + path, mode: 0o755)
          break
        } catch {
          // The parent goes when it is empty, which may be between our looking and our making.
          if attempt == 100 { throw error }
        }
      }
    }
  }

  /// Makes it only where processes are looked up and frozen.
  func makeTracked() throws(DriverError) { try HostFile.makeFolder(tracked, mode: 0o755) }

  /// The opposite; nothing happens while something runs in it.
  func removeTracked() { rmdir(tracked) }

  /// Makes it, looks for what containers need of it, and removes it again: a sentence when something is missing.
  func shortage() async throws(DriverError) -> String? {
    if let root = mode.unified, mode.version == .unified {
      let there = Set((try HostFile.text(root + "/cgroup.controllers") ?? "").split(whereSeparator: \.isWhitespace))
      let missing = ["cpu", "memory", "pids"].filter { !there.contains(Substring($0)) }
      guard missing.isEmpty else {
        return "control groups at \(root) have no \(missing.joined(separator: ", ")) (kernel command line, or whoever"
          + " made this machine's groups)"
      }
      // What a runtime does as well. Groups below another than the first must have no processes beside them.
      try Self.write("+cpu +memory +pids", to: root + "/cgroup.subtree_control")
    }
    try make()
    let needed =
      switch mode.version {
      case .hybrid:
        [
          ("freezer", "freezer.state"), ("memory", "memory.limit_in_bytes"), ("cpu", "cpu.cfs_quota_us"),
          ("pids", "pids.current"), ("cpuacct", "cpuacct.usage"),
        ]
      case .unified: [("freezer", "cgroup.freeze"), ("freezer", "cgroup.events"), ("cpu", "cpu.stat")]
      }
    let missing = needed.filter { !HostFile.exists(file($0.0, $0.1)) }.map(\.1)
    try await remove()
    return missing.isEmpty ? nil : "control groups have no \(missing.joined(separator: ", "))"
  }

  // MARK: - Counters

  /// Processor time of it and everything that was ever below it, in microseconds; `nil` when it is not there.
  func cpuMicroseconds() throws(DriverError) -> Int64? {
    switch mode.version {
    case .hybrid: try number("cpuacct", "cpuacct.usage").map { $0 / 1_000 }
    case .unified: try field("usage_usec", of: "memory", "cpu.stat")
    }
  }

  /// Memory in use, without page cache that the kernel would drop first; `nil` when it is not there.
  func memoryBytes() throws(DriverError) -> Int64? {
    switch mode.version {
    case .hybrid:
      guard let used = try number("memory", "memory.usage_in_bytes") else { return nil }
      return max(0, used - (try field("total_inactive_file", of: "memory", "memory.stat") ?? 0))
    case .unified:
      guard let used = try number("memory", "memory.current") else { return nil }
      return max(0, used - (try field("inactive_file", of: "memory", "memory.stat") ?? 0))
    }
  }

  /// Processes the kernel killed for want of memory. (`memory.failcnt` stays 0 for those.)
  func oomKills() throws(DriverError) -> Int64? {
    switch mode.version {
    case .hybrid: try field("oom_kill", of: "memory", "memory.oom_control")
    case .unified: try field("oom_kill", of: "memory", "memory.events")
    }
  }

  /// Tasks in it now.
  func tasks() throws(DriverError) -> Int64? { try number("pids", "pids.current") }

  // MARK: - Freezing

  func isFrozen() throws(DriverError) -> Bool {
    switch mode.version {
    case .hybrid: try text("freezer", "freezer.state") == "FROZEN"
    case .unified: try field("frozen", of: "freezer", "cgroup.events") == 1
    }
  }

  /// Returns when every process in it stands still; success when they do.
  func freeze() async throws(DriverError) {
    for round in 0..<2_000 {
      switch mode.version {
      case .hybrid:
        // A process between fork and exec can hold the freezer up for ever; letting all go once frees it.
        if round % 100 == 99 { try write("THAWED", "freezer", "freezer.state") }
        try write("FROZEN", "freezer", "freezer.state")
      case .unified:
        if round == 0 { try write("1", "freezer", "cgroup.freeze") }
      }
      if try isFrozen() { return }
      try await Wait.shortly()
    }
    throw DriverError(.failed, attempted: "freeze \(path)", words: "it did not come to rest")
  }

  /// Success when it is not frozen or not there.
  func thaw() async throws(DriverError) {
    guard exists else { return }
    switch mode.version {
    case .hybrid: try write("THAWED", "freezer", "freezer.state")
    case .unified: try write("0", "freezer", "cgroup.freeze")
    }
    for _ in 0..<2_000 {
      switch mode.version {
      case .hybrid: if try text("freezer", "freezer.state") == "THAWED" { return }
      case .unified: if try !isFrozen() { return }
      }
      try await Wait.shortly()
    }
    throw DriverError(.failed, attempted: "thaw \(path)", words: "it did not begin to run")
  }

  // MARK: - Processes

  /// Process ids, as this process sees them, in it and below it.
  func processes() throws(DriverError) -> [pid_t] { try Self.processes(in: tracked) }

  func isPopulated() throws(DriverError) -> Bool { try !processes().isEmpty }

  private static func processes(in folder: String) throws(DriverError) -> [pid_t] {
    let listed: String?
    do throws(DriverError) {
      listed = try HostFile.text(folder + "/cgroup.procs")
    } catch {
      // Removed between opening and reading: ENODEV.
      if !HostFile.isFolder(folder) { return [] }
      throw error
    }
    var processes = (listed ?? "").split(separator: "\n").compactMap { pid_t($0) }
    for name in try HostFile.names(in: folder) where HostFile.isFolder(folder + "/" + name) {
      processes += try self.processes(in: folder + "/" + name)
    }
    return processes
  }

  /// Kills everything in it, frozen or not, however fast it forks, and returns when all of it is gone.
  func killAll() async throws(DriverError) {
    guard exists else { return }
    for round in 0..<5_000 {
      if try processes().isEmpty { return }
      do throws(DriverError) {
        try killOnce(round)
      } catch {
        // Whoever else waits for the last of them removes the group, even between our opening a file and writing to it.
        if try processes().isEmpty { return }
        throw error
      }
      try await Wait.shortly()
    }
    throw DriverError(.failed, attempted: "kill what runs in \(path)", words: "it does not die")
  }

  private func killOnce(_ round: Int) throws(DriverError) {
    // What stands still cannot fork away from the list that was just read. (Freezing needs no waiting for here.)
    if round > 0, round % 8 == 0, mode.version == .hybrid { try write("FROZEN", "freezer", "freezer.state") }
    if mode.version == .unified, HostFile.exists(tracked + "/cgroup.kill") {
      try write("1", "freezer", "cgroup.kill")
    } else {
      for process in try processes() { kill(process, SIGKILL) }
    }
    switch mode.version {
    case .hybrid: try write("THAWED", "freezer", "freezer.state")
    case .unified: try write("0", "freezer", "cgroup.freeze")
    }
  }

  // MARK: - Removing

  /// Removes it and what is below it, in every tree; success when there is none. Nothing may run in it.
  func remove() async throws(DriverError) {
    for tree in mode.hierarchies {
      for round in 0... {
        do throws(DriverError) {
          try Self.removeTree(tree + path)
          break
        } catch {
          // A killed process leaves its group a moment after it left the list.
          if round == 1_000 { throw error }
          try await Wait.shortly()
        }
      }
    }
  }

  /// Removes it where it is empty.
  func removeIfEmpty() {
    for tree in mode.hierarchies { rmdir(tree + path) }
  }

  private static func removeTree(_ folder: String) throws(DriverError) {
    for name in try HostFile.names(in: folder) where HostFile.isFolder(folder + "/" + name) {
      try removeTree(folder + "/" + name)
    }
    try HostFile.removeFolder(folder)
  }

  /// The groups directly below it.
  func children() throws(DriverError) -> [String] {
    try HostFile.names(in: tracked).filter { HostFile.isFolder(tracked + "/" + $0) }
  }

  // MARK: - Files

  private func file(_ controller: String, _ name: String) -> String {
    let tree =
      switch mode.version {
      case .hybrid: mode.controllers[controller] ?? ""
      case .unified: mode.unified ?? ""
      }
    return "\(tree)\(path)/\(name)"
  }

  private func text(_ controller: String, _ name: String) throws(DriverError) -> String? {
    try HostFile.text(file(controller, name)).map { String($0.prefix { $0 != "\n" }) }
  }

  private func number(_ controller: String, _ name: String) throws(DriverError) -> Int64? {
    try text(controller, name).flatMap { Int64($0) }
  }

  private func field(_ key: String, of controller: String, _ name: String) throws(DriverError) -> Int64? {
    for line in try (HostFile.text(file(controller, name)) ?? "").split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == key { return Int64(words[1]) }
    }
    return nil
  }

  private func write(_ value: String, _ controller: String, _ name: String) throws(DriverError) {
    try Self.write(value, to: file(controller, name))
  }

  private static func write(_ value: String, to path: String) throws(DriverError) {
    let descriptor = try Descriptor(opening: path, O_WRONLY)
    try HostFile.write(Array(value.utf8), to: descriptor.number, named: path)
  }
}
