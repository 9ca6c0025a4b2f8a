import Engine
import Glibc
import Ledger

/// Where the container runtime's own processes run: beside the leases' groups, not frozen and not metered with them, and
/// limited, so that nothing a renter starts is outside of every limit.
struct RuntimeGroups: Sendable {
  struct Limits: Sendable {
    /// Of one lease. A runtime takes ten threads and 10 MiB, and a copy of itself while it enters a container.
    var memoryOfOne: Int64 = 512 << 20
    var tasksOfOne: Int64 = 768
    var memory: Int64 = 2 << 30
    var tasks: Int64 = 8_192
  }

  /// The parent of the leases' groups.
  let groups: Cgroup
  let limits: Limits

  private var all: Cgroup { groups.child(".runtime") }

  func group(_ lease: LeaseID) -> Cgroup { all.child("\(lease)") }

  /// A new group for one run of the runtime, with everything it starts until that is in the container.
  func begin(_ lease: LeaseID) throws(DriverError) -> Cgroup {
    let one = group(lease)
    let run = one.child("r" + String(UInt64.random(in: .min ... .max), radix: 36))
    var attempt = 0
    while true {
      do throws(DriverError) {
        if !one.exists {
          try all.make(limitedTo: limits.memory, tasks: limits.tasks)
          try one.make(limitedTo: limits.memoryOfOne, tasks: limits.tasksOfOne)
        }
        try run.makeLimited()
        return run
      } catch {
        // The parents go when they are empty, which may be between our looking and our making.
        attempt += 1
        if attempt == 100 { throw error }
      }
    }
  }

  /// After one run: whatever is left of it is killed, and groups that nobody is in go.
  func end(_ run: Cgroup, of lease: LeaseID) async {
    do {
      try await run.killAll()
      try await run.removeLimited()
    } catch {
      // What does not die keeps its group, by which the lease's destruction finds it.
      return
    }
    removeEmpty(lease)
  }

  private func removeEmpty(_ lease: LeaseID) {
    group(lease).removeLimitedIfEmpty()
    all.removeLimitedIfEmpty()
    groups.removeIfEmpty()
  }

  /// Kills every runtime at work on a lease.
  func endAll(of lease: LeaseID) async throws(DriverError) {
    let group = group(lease)
    try await group.killAll()
    for name in try group.children() { try await group.child(name).removeLimited() }
    removeEmpty(lease)
  }
}

extension Cgroup {
  /// The trees in which a group can be found, limited and killed.
  private var limiting: [String] {
    switch mode.version {
    case .hybrid: ["memory", "pids", "freezer"].compactMap { mode.controllers[$0] }
    case .unified: mode.unified.map { [$0] } ?? []
    }
  }

  /// Where a process enters it: the files to write its number into.
  var entrances: [String] { limiting.map { "\($0)\(path)/cgroup.procs" } }

  func makeLimited() throws(DriverError) {
    for tree in limiting { try HostFile.makeFolders(tree + path, mode: 0o755) }
  }

  func make(limitedTo memory: Int64, tasks: Int64) throws(DriverError) {
    try makeLimited()
    switch mode.version {
    case .hybrid:
      try set("memory.limit_in_bytes", memory, in: mode.controllers["memory"])
      try set("pids.max", tasks, in: mode.controllers["pids"])
    case .unified:
      // What a group limits its parents must hand down.
      var above = ""
      for name in path.split(separator: "/") {
        try write("+memory +pids", to: "\(mode.unified ?? "")\(above)/cgroup.subtree_control")
        above += "/" + name
      }
      try set("memory.max", memory, in: mode.unified)
      try set("pids.max", tasks, in: mode.unified)
    }
  }

  private func set(_ name: String, _ value: Int64, in tree: String?) throws(DriverError) {
    try write(String(value), to: "\(tree ?? "")\(path)/\(name)")
  }

  private func write(_ text: String, to path: String) throws(DriverError) {
    let file = try Descriptor(opening: path, O_WRONLY)
    try HostFile.write(Array(text.utf8), to: file.number, named: path)
  }

  /// Nothing may run in it.
  func removeLimited() async throws(DriverError) {
    for tree in limiting {
      for round in 0... {
        do throws(DriverError) {
          try HostFile.removeFolder(tree + path)
          break
        } catch {
          // A killed process leaves its group a moment after it left the list.
          if round == 1_000 { throw error }
          try await Wait.shortly()
        }
      }
    }
  }

  func removeLimitedIfEmpty() {
    for tree in limiting { rmdir(tree + path) }
  }
}
