import Engine
import FoundationEssentials

/// What an image says about running it, and where its root file system lies.
///
/// An image is a folder with `rootfs/` and, beside it, `image.json`; or a bare root file system.
struct ImageDefaults: Sendable {
  var root: String
  var command: [String]
  var environment: [String: String]
  var workingDirectory: String

  private struct Description: Decodable {
    var command: [String]?
    var env: [String: String]?
    var cwd: String?
  }

  /// Runs until it is told to end, reaping what others leave behind.
  static let idleCommand = ["/bin/sh", "-c", "trap exit TERM INT; while :; do sleep 3600 & wait $!; done"]

  /// - Throws: `.unavailable` when the image is not on this host.
  init(_ image: ImageReference) throws(DriverError) {
    var folder = image.path
    while folder.hasSuffix("/"), folder.count > 1 { folder.removeLast() }
    let description: String
    if HostFile.isFolder(folder + "/rootfs") {
      root = folder + "/rootfs"
      description = folder + "/image.json"
    } else if HostFile.isFolder(folder) {
      root = folder
      description = folder.hasSuffix("/rootfs") ? HostFile.parent(of: folder) + "/image.json" : ""
    } else {
      throw DriverError(.unavailable, attempted: "find image \(image.name)", words: "there is no folder \(folder)")
    }
    var said = Description()
    if !description.isEmpty, let text = try HostFile.text(description) {
      do {
        said = try JSONDecoder().decode(Description.self, from: Data(text.utf8))
      } catch {
        throw DriverError(.unavailable, attempted: "read \(description)", words: "\(error)")
      }
    }
    command = said.command ?? []
    if command.isEmpty { command = Self.idleCommand }
    environment = ["PATH": ForeignProgram.searchPath, "HOME": "/root"].merging(said.env ?? [:]) { _, image in image }
    workingDirectory = said.cwd ?? "/"
  }
}
