import Foundation
import Glibc
import Testing

/// What a suite may need of the machine it runs on. `scripts/needs.sh` knows the same names and asks for itself, so
/// that a suite skipped for a need that *is* met fails the run.
public enum Need: String, Sendable, CaseIterable {
  case root
  /// btrfs in the kernel.
  case btrfs
  /// overlay file systems in the kernel.
  case overlay
  /// A free loop device.
  case loop
  /// Namespaces, the user namespace among them.
  case containers
  /// Network namespaces, veth pairs, nftables and token buckets.
  case networks
  case cgroupV1 = "cgroup-v1"
  /// Pure control groups version 2, with the memory controller in them.
  case cgroupV2 = "cgroup-v2"
  /// An LNbits server, which `scripts/test` starts.
  case lnbits

  /// pymacaroons, in the Python that `LEASEHOLD_TEST_PYTHON` names, and libmacaroons.
  case macaroonPeers = "macaroon-peers"
  /// A relay and a wallet: nostr-relay and nostr-sdk, in the Python that `LEASEHOLD_TEST_NOSTR` names.
  case nostr

  public var isMet: Bool {
    switch self {
    case .root: geteuid() == 0
    case .btrfs: Self.kernelHas("btrfs")
    case .overlay: Self.kernelHas("overlay")
    case .loop: Self.succeeds("losetup --find")
    case .containers: Self.succeeds("unshare --mount --pid --fork --user true")
    case .networks:
      Self.succeeds(
        "unshare --net sh -c 'nft add table inet need && ip link add need type veth peer name peer "
          + "&& tc qdisc add dev need root tbf rate 1mbit burst 16384 latency 100ms'")
    case .cgroupV1: FileManager.default.fileExists(atPath: "/sys/fs/cgroup/memory")
    case .macaroonPeers:
      Self.succeeds(
        #"[ -n "$LEASEHOLD_TEST_PYTHON" ] && "$LEASEHOLD_TEST_PYTHON" -c "#
          + #"'import ctypes, pymacaroons; ctypes.CDLL("libmacaroons.so.0")'"#)
    case .nostr:
      Self.succeeds(
        #"[ -n "$LEASEHOLD_TEST_NOSTR" ] && "$LEASEHOLD_TEST_NOSTR" -c "import nostr_relay, nostr_sdk""#)
    case .lnbits: ProcessInfo.processInfo.environment["LEASEHOLD_TEST_LNBITS"] != nil
    case .cgroupV2: Self.succeeds("grep -qw memory /sys/fs/cgroup/cgroup.controllers")
    }
  }

  private static func kernelHas(_ fileSystem: String) -> Bool {
    succeeds("modprobe \(fileSystem); grep -qw \(fileSystem) /proc/filesystems")
  }

  private static func succeeds(_ command: String) -> Bool {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", command]
    shell.standardOutput = FileHandle.nullDevice
    shell.standardError = FileHandle.nullDevice
    do { try shell.start() } catch { return false }
    shell.waitUntilExit()
    return shell.terminationStatus == 0
  }

  /// Appends `SKIPPED <suite>: needs <need>` to the file that `LEASEHOLD_SKIP_LOG` names, if it names one.
  func recordSkip(of suite: String) {
    guard let path = ProcessInfo.processInfo.environment["LEASEHOLD_SKIP_LOG"] else { return }
    let line = Array("SKIPPED \(suite): needs \(rawValue)\n".utf8)
    let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
    // One short write to an appending descriptor is not torn by other suites. A log that cannot be written is a broken
    // set-up of the run, which must not pass for a run without skips.
    precondition(write(file, line, line.count) == line.count, "the skip log cannot be written")
    close(file)
  }
}

extension Trait where Self == ConditionTrait {
  /// Skips the suite or test where a need is not met, and says so to `scripts/test`.
  ///
  ///     @Suite(.needs(.root, .btrfs)) struct SubvolumeTests { … }
  public static func needs(_ needs: Need..., suite: String = #fileID) -> Self {
    .enabled("the machine has \(needs.map(\.rawValue).joined(separator: ", "))") {
      let unmet = needs.filter { !$0.isMet }
      for need in unmet { need.recordSkip(of: suite) }
      return unmet.isEmpty
    }
  }
}
