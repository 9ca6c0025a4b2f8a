import Engine
import Text

/// How control groups are mounted on this host.
///
/// On *hybrid* hosts each v1 controller has a mount of its own, and a v2 mount beside them (if any) carries no controller
/// that matters here. On *unified* hosts there is one v2 tree. Read from `/proc/self/mountinfo`, because nothing else
/// says it of this process and this moment.
struct CgroupMode: Hashable, Sendable {
  enum Version: String, Hashable, Sendable {
    case hybrid
    case unified
  }

  var version: Version
  /// v1 controller to mount point; empty on unified hosts.
  var controllers: [String: String]
  /// The mount point of every tree, v1 and v2: a runtime makes its groups in all of them.
  var hierarchies: [String]
  /// Where the v2 tree is mounted.
  var unified: String?

  /// The tree whose groups can be frozen, and therefore the one that processes are looked up in.
  var tracking: String { controllers["freezer"] ?? unified ?? "" }

  static func detect() throws(DriverError) -> CgroupMode {
    try CgroupMode(mountInfo: HostFile.text("/proc/self/mountinfo") ?? "")
  }

  /// - Throws: `.unavailable` when a controller that containers need is missing.
  init(mountInfo: String) throws(DriverError) {
    controllers = [:]
    hierarchies = []
    for mount in MountTable(parsing: mountInfo).entries {
      switch mount.type {
      case "cgroup2":
        if unified == nil { unified = mount.mountPoint }
        if !hierarchies.contains(mount.mountPoint) { hierarchies.append(mount.mountPoint) }
      case "cgroup":
        if !hierarchies.contains(mount.mountPoint) { hierarchies.append(mount.mountPoint) }
        for option in mount.options where controllers[option] == nil && Self.known.contains(option) {
          controllers[option] = mount.mountPoint
        }
      default:
        continue
      }
    }
    version = controllers["memory"] != nil || unified == nil ? .hybrid : .unified
    switch version {
    case .hybrid:
      let missing = Self.needed.filter { controllers[$0] == nil }.sorted()
      guard missing.isEmpty else {
        throw DriverError(
          .unavailable, attempted: "find control groups",
          words: "not mounted: \(missing.joined(separator: ", "))")
      }
    case .unified:
      controllers = [:]
    }
  }

  private static let needed: Set<String> = ["cpu", "cpuacct", "memory", "pids", "freezer"]
  private static let known = needed.union(["cpuset", "devices", "blkio"])
}
