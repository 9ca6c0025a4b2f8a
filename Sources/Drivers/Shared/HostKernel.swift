import CLinux
import Engine
import Glibc

/// Whether the kernel of this host has what the drivers and the doors call.
///
/// The oldest that is served is ``oldest``, which Debian 12 has; the tests run on it. A version alone proves little (a
/// kernel may be built without, a file system may not take part, a sandbox may refuse), so each interface is tried, in
/// the very folder where it will be used. All of it together takes a few milliseconds and leaves nothing behind.
public enum HostKernel {
  public static let oldest = Version(major: 6, minor: 1)

  public struct Version: Comparable, Sendable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
      self.major = major
      self.minor = minor
    }

    /// From the start of what `uname -r` says; `nil` when it is no such thing.
    public init?(release: String) {
      let numbers = release.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
      guard numbers.count >= 2 else { return nil }
      self.init(major: numbers[0], minor: numbers[1])
    }

    public static func < (one: Version, other: Version) -> Bool {
      (one.major, one.minor) < (other.major, other.minor)
    }

    public var description: String { "\(major).\(minor)" }
  }

  public enum Interface: CaseIterable, Sendable {
    case version
    /// openat2(2), Linux 5.6: a renter's files are opened beneath his volume.
    case openBeneath
    /// `O_TMPFILE`, Linux 3.11, where the file system has it: an upload has no name before it is whole.
    case unnamedFiles
    /// renameat2(2) with `RENAME_EXCHANGE`, Linux 3.15.
    case exchangingNames
    /// memfd_create(2), Linux 3.17: what a command reads.
    case memoryFiles
    /// `LOOP_CONFIGURE`, Linux 5.8: pools, volumes and containers' layers are file systems in files.
    case loopDevices
    /// A user namespace, and a mount that shows its owners (mount_setattr(2), `MOUNT_ATTR_IDMAP`; Linux 5.12): one image
    /// serves all leases.
    case mappedMounts
    /// overlayfs over such a mount, Linux 5.19.
    case mappedOverlay
    /// Filters of system calls that can say no, Linux 4.14.
    case callFilters

    /// What a pool of disks must have in its root.
    public static let ofDisks: [Interface] = [.version, .openBeneath, .unnamedFiles, .exchangingNames]
    /// What the folder must have in which a pool of ours is a file, or in which volumes are files.
    public static let ofDisksInFiles: [Interface] = [.version, .openBeneath, .loopDevices]
    public static let ofContainers: [Interface] = [
      .version, .openBeneath, .memoryFiles, .loopDevices, .mappedMounts, .mappedOverlay, .callFilters,
    ]
  }

  /// One sentence for each interface that is missing in `folder`, which must exist; none: all are there.
  public static func shortages(_ interfaces: [Interface], in folder: String) async -> [String] {
    var sentences: [String] = []
    for interface in interfaces {
      do throws(DriverError) {
        let sentence = try await BlockingWork.run { () throws(DriverError) in try shortage(interface, folder) }
        if let sentence { sentences.append(sentence) }
      } catch {
        sentences.append("\(error)")
      }
    }
    return sentences
  }

  private static func shortage(_ interface: Interface, _ folder: String) throws(DriverError) -> String? {
    switch interface {
    case .version:
      var names = utsname()
      uname(&names)
      let release = withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return shortage(release: release)
    case .openBeneath:
      let start = try Descriptor(opening: folder, O_RDONLY | O_DIRECTORY)
      return refusal("openat2 is refused", leasehold_open_beneath(start.number, ".", O_RDONLY | O_DIRECTORY, 0))
    case .unnamedFiles:
      let start = try Descriptor(opening: folder, O_RDONLY | O_DIRECTORY)
      return refusal(
        "the file system at \(folder) takes no unnamed files (O_TMPFILE)", leasehold_open_unnamed(start.number, 0o600))
    case .exchangingNames:
      return try exchangingNames(folder)
    case .memoryFiles:
      return refusal("memfd_create is refused", clinux_memory_file("proof"))
    case .loopDevices:
      return try loopDevices(folder)
    case .mappedMounts:
      return mappedMounts(folder)
    case .mappedOverlay:
      return mappedOverlay(folder)
    case .callFilters:
      let actions = try HostFile.text("/proc/sys/kernel/seccomp/actions_avail") ?? ""
      return actions.split(whereSeparator: \.isWhitespace).contains("errno")
        ? nil : "this kernel has no filters of system calls (CONFIG_SECCOMP_FILTER)"
    }
  }

  static func shortage(release: String) -> String? {
    guard let version = Version(release: release) else { return "this is not Linux as we know it: \(release)" }
    return version < oldest ? "Linux \(release) is older than \(oldest), the oldest that is served" : nil
  }

  /// The sentence with the kernel's words when `result` is negative; a descriptor is closed.
  private static func refusal(_ sentence: String, _ result: Int32) -> String? {
    let code = errno
    if result < 0 { return "\(sentence): \(String(cString: strerror(code)))" }
    close(result)
    return nil
  }

  private static func exchangingNames(_ folder: String) throws(DriverError) -> String? {
    let (one, other) = (TemporaryName.beside("\(folder)/proof"), TemporaryName.beside("\(folder)/proof"))
    defer {
      unlink(one)
      unlink(other)
    }
    for name in [one, other] { _ = try Descriptor(opening: name, O_WRONLY | O_CREAT | O_EXCL) }
    if leasehold_rename_exchange(AT_FDCWD, one, AT_FDCWD, other) == 0 { return nil }
    let code = errno
    return "the file system at \(folder) cannot exchange two names (renameat2): \(String(cString: strerror(code)))"
  }

  private static func loopDevices(_ folder: String) throws(DriverError) -> String? {
    let path = TemporaryName.beside("\(folder)/proof")
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_EXCL)
    unlink(path)
    try systemCall("size \(path)") { ftruncate(file.number, 1 << 16) }
    var name = [CChar](repeating: 0, count: 32)
    return refusal(
      "no loop device is to be had (module loop; /dev/loop-control)",
      clinux_loop_attach(file.number, "leasehold proof", &name))
  }

  // MARK: - Mounts with other owners

  /// As a lease's would be shown.
  private static let someOwner: UInt32 = 0x7000_0000

  private static func mappedMounts(_ folder: String) -> String? {
    let mount = clinux_mount_clone_mapped(folder, 0, someOwner, 65_536, 1)
    let code = errno
    if mount >= 0 {
      close(mount)
      return nil
    }
    let words = String(cString: strerror(code))
    return switch code {
    case ENOSPC, EUSERS: "no user namespace is to be had (sysctl user.max_user_namespaces): \(words)"
    case EINVAL:
      "the file system at \(folder) cannot be mounted with other owners (ext4, btrfs and xfs can; overlay and network"
        + " file systems cannot): \(words)"
    default: "a mount with other owners is refused (user namespaces, mount_setattr): \(words)"
    }
  }

  private static func mappedOverlay(_ folder: String) -> String? {
    let number = clinux_mount_clone_mapped(folder, 0, someOwner, 65_536, 1)
    // Said by another proof.
    guard number >= 0 else { return nil }
    let lower = Descriptor(number: number)
    var step: Int32 = 0
    guard clinux_prove_mapped_overlay(lower.number, folder, &step) != 0 else { return nil }
    let words = String(cString: strerror(errno))
    return switch UInt32(bitPattern: step) {
    case clinux_overlay_namespace.rawValue: "no mount namespace is to be had: \(words)"
    case clinux_overlay_memory.rawValue: "no tmpfs can be mounted: \(words)"
    case clinux_overlay_attach.rawValue: "a cloned mount cannot be attached (move_mount): \(words)"
    default: "no overlay can be laid over a mount with other owners (module overlay, Linux 5.19): \(words)"
    }
  }
}
