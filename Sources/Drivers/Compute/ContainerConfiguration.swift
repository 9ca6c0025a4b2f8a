import Engine
import Leasing

/// `config.json` of the OCI runtime specification, version 1.0, as far as a container of ours has any of it.
struct ContainerConfiguration: Encodable, Sendable {
  var ociVersion = "1.0.2"
  var process: Process
  var root: Root
  var hostname: String
  var mounts: [Mount]
  var linux: Linux

  struct Process: Encodable, Sendable {
    struct User: Encodable, Sendable {
      var uid: UInt32 = 0
      var gid: UInt32 = 0
    }
    struct Capabilities: Encodable, Sendable {
      var bounding: [String] = []
      var effective: [String] = []
      var inheritable: [String] = []
      var permitted: [String] = []
      var ambient: [String] = []
    }
    struct ResourceLimit: Encodable, Sendable {
      var type: String
      var hard: UInt64
      var soft: UInt64
    }
    var terminal = false
    var user = User()
    var args: [String]
    var env: [String]
    var cwd: String
    var capabilities = Capabilities()
    var rlimits: [ResourceLimit]
    var noNewPrivileges = true
    /// When the host itself runs out of memory, renters' processes go first.
    var oomScoreAdj = 500
  }

  struct Root: Encodable, Sendable {
    var path: String
    var readonly = false
  }

  struct Mount: Encodable, Sendable {
    var destination: String
    var type: String
    var source: String
    var options: [String]
  }

  struct Linux: Encodable, Sendable {
    struct IDMapping: Encodable, Sendable {
      var containerID: UInt32 = 0
      var hostID: UInt32
      var size: UInt32 = 65_536
    }
    struct Namespace: Encodable, Sendable {
      var type: String
      /// One that is there already; `nil`: a new one.
      var path: String?
    }
    var uidMappings: [IDMapping]
    var gidMappings: [IDMapping]
    var namespaces: [Namespace]
    var sysctl: [String: String]
    var cgroupsPath: String
    var resources: Limits
    var rootfsPropagation = "private"
    var seccomp = SeccompProfile.standard
    var maskedPaths: [String]
    var readonlyPaths = ContainerConfiguration.readonlyPaths
  }

  struct Limits: Encodable, Sendable {
    struct Device: Encodable, Sendable {
      var allow = false
      var access = "rwm"
    }
    struct Memory: Encodable, Sendable {
      var limit: Int64
      /// Memory and swap together: no swap.
      var swap: Int64?
    }
    struct CPU: Encodable, Sendable {
      var quota: Int64
      var period: UInt64 = 100_000
      var shares: UInt64
    }
    struct PIDs: Encodable, Sendable {
      var limit: Int64
    }
    var devices = [Device()]
    var memory: Memory
    var cpu: CPU
    var pids: PIDs

    /// - Parameter countsSwap: whether the kernel can limit swap at all.
    init(_ resources: Resources, countsSwap: Bool) {
      memory = Memory(limit: resources.memory.count, swap: countsSwap ? resources.memory.count : nil)
      // The kernel takes no quota under a millisecond.
      cpu = CPU(
        quota: max(1_000, resources.cpuMillis * 100), shares: UInt64(max(2, resources.cpuMillis * 1_024 / 1_000)))
      pids = PIDs(limit: resources.pids)
    }
  }

  /// What a container sees of `/proc` beside its own processes. Much that is there speaks of everybody on the host: the
  /// disks of other leases and what they do (`diskstats`, `partitions`, `fs`), the host's own settings (`cmdline`).
  ///
  /// These stay, because programs do not start without them. They name nobody; the sums in them (`loadavg`, `meminfo`,
  /// `stat`) are of the whole machine, and sysinfo(2) tells them as well.
  static let visible: Set<String> = [
    "cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "net", "self", "stat", "sys", "sysvipc", "thread-self",
    "uptime", "version",
  ]

  /// Everything else, by the list of this host's `/proc`: what a later kernel adds is not seen either.
  static func masked(_ entries: [String]) -> [String] {
    entries.filter { !visible.contains($0) && !$0.utf8.allSatisfy { (0x30...0x39).contains($0) } }.map { "/proc/" + $0 }
  }

  /// - Parameter given: those that are there already: of a container with a network.
  static func namespaces(_ given: LeaseNetworks.Spaces?) -> [Linux.Namespace] {
    [
      ("pid", nil), ("network", given?.network), ("ipc", nil), ("uts", nil), ("mount", nil), ("user", given?.user),
      ("cgroup", nil),
    ].map { Linux.Namespace(type: $0, path: $1) }
  }

  static let readonlyPaths = ["/proc/sys"]

  /// There is no `/sys`: it shows the block devices, file systems and control groups of all leases, and none of it is a
  /// container's own.
  ///
  /// What lies in `/dev/shm` counts as memory of the container and stays when the program that wrote it ends. It may take
  /// a quarter of what was paid for, in bytes and in names, so that there is always room for another command.
  static func systemMounts(_ resources: Resources) -> [Mount] {
    let shared = max(1 << 20, resources.memory.count / 4)
    return [
      Mount(destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"]),
      Mount(
        destination: "/dev", type: "tmpfs", source: "tmpfs",
        options: ["nosuid", "noexec", "strictatime", "mode=755", "size=64k", "nr_inodes=512"]),
      Mount(
        destination: "/dev/pts", type: "devpts", source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
      Mount(
        destination: "/dev/shm", type: "tmpfs", source: "shm",
        // A name costs the kernel about a kilobyte.
        options: ["nosuid", "noexec", "nodev", "mode=1777", "size=\(shared >> 10)k", "nr_inodes=\(shared >> 12)"]),
    ]
  }

  /// ``BoxProgram``, to be run and not to be changed.
  static func box(_ source: String) -> Mount {
    Mount(
      destination: BoxProgram.inside, type: "bind", source: source,
      options: ["bind", "ro", "nosuid", "nodev", "private"])
  }

  static func resolvers(_ source: String) -> Mount {
    Mount(
      destination: "/etc/resolv.conf", type: "bind", source: source,
      options: ["bind", "ro", "nosuid", "nodev", "noexec", "private"])
  }

  static func disk(_ source: String, isReadOnly: Bool) -> Mount {
    Mount(
      destination: "/disk", type: "bind", source: source,
      options: ["bind", isReadOnly ? "ro" : "rw", "nosuid", "nodev", "private"])
  }
}
