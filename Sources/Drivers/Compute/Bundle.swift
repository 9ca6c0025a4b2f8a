import Engine
import Ledger

/// The places of one container on the host, all under `<state>/compute/<lease>/`.
struct Bundle: Sendable {
  let lease: LeaseID
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
  /// The part before it, on the host, bounded by whoever copies it.
  var olderOutput: String { folder + "/output.1" }
  /// Where the image and the layer are joined.
  var root: String { folder + "/rootfs" }
  /// An attached disk, while its owners are shown as this container's.
  var disk: String { folder + "/disk" }
  /// One locked file per command that runs.
  var commands: String { folder + "/exec" }

  /// In the order in which they must be unmounted.
  var mountPoints: [String] { [disk, root, layer] }
}
