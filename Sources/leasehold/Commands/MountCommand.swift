import ArgumentParser
import Client
import Foundation
import Wire

struct MountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mount", abstract: "Mount a disk lease on a folder, with rclone or davfs2.",
    discussion: """
      Stays in the foreground with rclone; end it with Ctrl-C or 'umount'. davfs2 needs root and goes to the background.

        leasehold mount @last ~/disk
        leasehold mount @last:/photos /mnt/photos --read-only
      """)

  enum Program: String, ExpressibleByArgument, CaseIterable {
    case rclone
    case davfs2

    var file: String { self == .rclone ? "rclone" : "mount.davfs" }
  }

  @OptionGroup var options: GlobalOptions
  @Option(name: .customLong("with"), help: "rclone or davfs2; whichever is installed without it.") var program: Program?
  @Flag(help: "Nothing can be written.") var readOnly = false
  @Argument(help: "LEASE or LEASE:path") var target: String
  @Argument(help: "An empty folder here.") var folder: String

  func run() async throws {
    let target = try RemoteArgument(target, rootIfBare: true)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw Complaint.usage("\(folder) is no folder: make it first")
    }
    var mount: Mount?
    try await Session.run(options) { session in
      let lease = try session.lease(target.lease)
      // Asked before another program is, which would say it less well.
      let document = try await session.client.lease(lease).document
      guard document.kind == "disk" else {
        throw Complaint.usage("only disks can be mounted; this is a \(document.kind)")
      }
      guard let credential = try session.client.state.storedLease(lease)?.credential
      else { throw ClientError.noCredential(lease: lease) }
      mount = Mount(
        url: session.client.door(lease, target.path), authorization: credential.authorization,
        folder: URL(fileURLWithPath: folder).path, isReadOnly: readOnly, state: session.client.state.path)
    }
    guard let mount else { return }
    guard let (chosen, path) = Self.find(program, in: ProcessInfo.processInfo.environment["PATH"] ?? "") else {
      throw Complaint.failed(
        "\(program.map { "\($0.rawValue) is" } ?? "neither rclone nor davfs2 is") not installed: "
          + "apt-get install \(program == .davfs2 ? "davfs2" : "rclone fuse3"), then run this again")
    }
    switch chosen {
    case .rclone: try mount.becomeRclone(path)
    case .davfs2: try mount.runDavfs(path)
    }
  }

  static func find(_ wanted: Program?, in path: String) -> (Program, String)? {
    for program in wanted.map({ [$0] }) ?? Program.allCases {
      // davfs2 lives where only root looks.
      for folder in path.split(separator: ":").map(String.init(_:)) + ["/usr/sbin", "/sbin"] {
        let file = folder + "/" + program.file
        if FileManager.default.isExecutableFile(atPath: file) { return (program, file) }
      }
    }
    return nil
  }
}

/// How another program is told to mount. The credential goes by the environment or a file of mode 0600, never on a
/// command line, which every user of the machine can read.
struct Mount {
  var url: String
  var authorization: String
  var folder: String
  var isReadOnly: Bool
  var state: String

  /// rclone's remotes can be written in the environment.
  var rcloneEnvironment: [(String, String)] {
    [
      ("RCLONE_CONFIG_LEASEHOLD_TYPE", "webdav"), ("RCLONE_CONFIG_LEASEHOLD_VENDOR", "other"),
      ("RCLONE_CONFIG_LEASEHOLD_URL", url),
      // A list of comma-separated values, in which a field with a comma of its own is quoted.
      ("RCLONE_CONFIG_LEASEHOLD_HEADERS", "Authorization,\"\(authorization)\""),
    ]
  }

  var rcloneArguments: [String] {
    ["rclone", "--config", "", "mount", "leasehold:", folder, "--vfs-cache-mode", "writes"]
      + (isReadOnly ? ["--read-only"] : [])
  }

  /// Does not return.
  func becomeRclone(_ path: String) throws {
    for (name, value) in rcloneEnvironment { setenv(name, value, 1) }
    var arguments: [UnsafeMutablePointer<CChar>?] = rcloneArguments.map { strdup($0) } + [nil]
    execv(path, &arguments)
    throw Complaint.failed("cannot run \(path): \(String(cString: strerror(errno)))")
  }

  var davfsConfiguration: String {
    """
    ask_auth 0
    use_locks 0
    add_header Authorization "\(authorization)"

    """
  }

  func runDavfs(_ path: String) throws {
    let file = state + "/davfs2.\(getpid()).conf"
    let descriptor = Foundation.open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Complaint.failed("cannot write \(file)") }
    Terminal.write(Array(davfsConfiguration.utf8), to: descriptor)
    close(descriptor)
    defer { unlink(file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = [url, folder, "-o", "conf=\(file)" + (isReadOnly ? ",ro" : "")]
    do { try process.run() } catch { throw Complaint.failed("cannot run \(path)") }
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Complaint.failed("mount.davfs ended with \(process.terminationStatus)")
    }
  }
}
