import Engine
import Glibc
import Ledger

/// The places of one container on the host, all under `<state>/compute/<lease>/`.
struct Bundle: Sendable {
  let lease: LeaseID
  /// Only root and the lease's first group pass, as with disks: whatever modes a renter gives his files, nobody else on
  /// the host reads them.
  let folder: String

  /// ``ContainerRecord``.
  var record: String { folder + "/lease.json" }
  /// What the runtime reads.
  var configuration: String { folder + "/config.json" }
  /// The runtime's own words, for error texts.
  var runtimeLog: String { folder + "/runtime.log" }
  /// The writable layer: a file system in a file, exactly as large as was paid for.
  var image: String { folder + "/layer.img" }
  var layer: String { folder + "/layer" }
  var upper: String { layer + "/upper" }
  var work: String { layer + "/work" }
  /// What the container writes to its standard output and error. It lies in the layer, so that a container that writes
  /// faster than anybody rotates fills its own disk and not the host's.
  var output: String { layer + "/log/output" }
  /// ``BoxProgram``, out of the container's reach.
  var box: String { layer + "/init" }
  /// The part before it, on the host, bounded by whoever copies it.
  var olderOutput: String { folder + "/output.1" }
  /// Where its parts stand in all that was ever written: ``OutputLog``.
  var logMarks: String { folder + "/output.marks" }
  /// What process 1 reports of its command: ``BoxProgram/Report``. Written anew with each start.
  var exit: String { folder + "/exit" }
  /// Where the image and the layer are joined.
  var root: String { folder + "/rootfs" }
  /// The image under the lease's owners, while the two are being joined.
  var lower: String { folder + "/lower" }
  /// An attached disk, while its owners are shown as this container's.
  var disk: String { folder + "/disk" }
  /// What the container sees as `/etc/resolv.conf`.
  var resolvers: String { folder + "/resolv.conf" }
  /// One locked file per command that runs.
  var commands: String { folder + "/exec" }

  /// In the order in which they must be unmounted.
  var mountPoints: [String] { [disk, root, lower, layer] }

  /// Lets the lease's root pass, which in a container is the first of its users and groups, and nobody else.
  func admitOnly(_ uidBase: UInt32) throws(DriverError) {
    try systemCall("chmod \(folder)") { chmod(folder, 0o710) }
    try systemCall("chown \(folder)") { lchown(folder, 0, uidBase) }
  }
}
