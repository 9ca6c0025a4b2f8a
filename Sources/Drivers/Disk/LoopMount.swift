import CLinux
import Engine
import Glibc
import Text

/// An image file mounted through a loop device that goes away by itself once it is unmounted.
struct LoopMount: Sendable {
  var image: String
  var mountPoint: String
  var type: String
  var data: String

  /// Renters bring neither setuid programs nor devices. Programs may run: a container may keep its own there.
  static let flags = UInt(MS_NOSUID | MS_NODEV | MS_NOATIME)

  /// Asked with each request to the volume: one call, however much is mounted on this host.
  func isMounted() throws(DriverError) -> Bool {
    switch clinux_is_mount_root(mountPoint) {
    case 1: true
    case 0: false
    // Not there, or a kernel that does not say: the table of mounts knows.
    default: try entry() != nil
    }
  }

  func entry() throws(DriverError) -> MountTable.Entry? {
    try MountTable.read().mounted(on: Self.canonical(mountPoint))
  }

  /// Mounts it; success when it is mounted.
  ///
  /// - Parameter anew: on a device of its own, even if another still holds the image.
  func mount(anew: Bool = false) throws(DriverError) {
    if let entry = try entry() {
      guard entry.type == type else {
        throw DriverError(.failed, attempted: "mount \(mountPoint)", words: "\(entry.source) is mounted there")
      }
      return
    }
    try HostFile.makeFolders(mountPoint, mode: 0o711)
    // Somebody (a container's mount namespace) may still have it mounted: two devices over one image would destroy
    // it, the same device gives the same file system.
    if !anew, let device = try Self.devices(backedBy: image).first {
      let held = open(device, O_RDWR | O_CLOEXEC)
      if held >= 0 {
        let descriptor = Descriptor(number: held)
        if try Self.devices(backedBy: image).contains(device) { return try mount(device: device) }
        _ = consume descriptor
      }
    }
    let file = try Descriptor(opening: image, O_RDWR)
    var name = [CChar](repeating: 0, count: 32)
    let device = Descriptor(
      number: try systemCall("attach \(image) to a loop device") { clinux_loop_attach(file.number, image, &name) })
    try mount(device: String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    // Closed only now: a device that nobody has open frees itself.
    _ = consume device
  }

  private func mount(device: String) throws(DriverError) {
    try systemCall("mount \(device) on \(mountPoint)") {
      Glibc.mount(device, mountPoint, type, Self.flags, data.isEmpty ? nil : data)
    }
  }

  /// Unmounts it; success when it is not mounted.
  func unmount() throws(DriverError) {
    guard try entry() != nil else { return }
    try Self.patiently { () throws(DriverError) in
      try systemCall("unmount \(mountPoint)") { umount2(mountPoint, 0) }
    }
  }

  /// Tries again for a second. A program that is just being started has copies of all our descriptors until it becomes
  /// itself, and makes busy what nobody uses. Blocks the thread.
  private static func patiently(_ body: () throws(DriverError) -> Void) throws(DriverError) {
    for _ in 0..<100 {
      do throws(DriverError) {
        return try body()
      } catch {
        guard error.words == busy else { throw error }
        usleep(10_000)
      }
    }
    try body()
  }

  private static let busy = DriverError(errno: EBUSY, attempted: "").words

  /// Waits until no loop device is over the image: the kernel frees it a moment after the last unmount, and later
  /// while a process that is just being started still has a copy of the mounts.
  ///
  /// - Returns: whether it was freed in time.
  static func released(_ image: String, within limit: Duration) async throws(DriverError) -> Bool {
    let deadline = ContinuousClock.now + limit
    var pause = Duration.milliseconds(1)
    while try !devices(backedBy: image).isEmpty {
      guard ContinuousClock.now < deadline else { return false }
      guard await Deadlines.shared.wait(pause) else { return false }
      pause = min(pause * 2, .milliseconds(50))
    }
    return true
  }

  /// Takes it out of sight at once; open files live on.
  func detach() throws(DriverError) {
    guard try entry() != nil else { return }
    try systemCall("detach \(mountPoint)") { umount2(mountPoint, Int32(MNT_DETACH)) }
  }

  /// - Throws: `.failed` with "busy" when a file is open for writing.
  func remount(readOnly: Bool) throws(DriverError) {
    let flags = Self.flags | UInt(MS_REMOUNT) | (readOnly ? UInt(MS_RDONLY) : 0)
    try Self.patiently { () throws(DriverError) in
      try systemCall("remount \(mountPoint) \(readOnly ? "read-only" : "writable")") {
        Glibc.mount(nil, mountPoint, nil, flags, nil)
      }
    }
  }

  /// Tells the device of an image that has grown.
  func followImage() throws(DriverError) {
    guard let entry = try entry() else { return }
    let device = try Descriptor(opening: entry.source, O_RDWR)
    try systemCall("resize \(entry.source)") { clinux_loop_set_capacity(device.number) }
  }

  /// The loop devices over `image`.
  static func devices(backedBy image: String) throws(DriverError) -> [String] {
    let image = canonical(image)
    var found: [String] = []
    for name in try HostFile.names(in: "/sys/block") where name.hasPrefix("loop") {
      // No such file: the device is free.
      guard let backing = try? HostFile.text("/sys/block/\(name)/loop/backing_file") else { continue }
      if backing == image + "\n" { found.append("/dev/\(name)") }
    }
    return found
  }

  /// Without symbolic links, as the kernel shows it; the path itself while it does not exist.
  static func canonical(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
