import ArgumentParser
import Client
import Foundation
import Text
import Wire

struct MountCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mount", abstract: "Mount a disk lease on a folder, with rclone or davfs2.",
    discussion: """
      Stays in the foreground; end it with Ctrl-C or 'umount'. What was written is sent before it ends, and what cannot be \
      is named: then it ends with 1, and the next mount of the same folder of the lease goes on with it. A second Ctrl-C \
      does not wait. The lease's credential stays here and is renewed as long as the mount lives. davfs2 needs root.

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
    try await Session.run(options, of: target.lease, for: .acting) { session, lease in
      let folder = try MountPoint.check(folder)
      // Asked before another program is, which would say it less well.
      let document = try await session.client.lease(lease).document
      guard document.kind == "disk" else {
        throw Complaint.usage("only disks can be mounted; this is a \(document.kind)")
      }
      guard let (chosen, path) = Self.find(program, in: ProcessInfo.processInfo.environment["PATH"] ?? "") else {
        throw Complaint.failed(
          "\(program.map { "\($0.rawValue) is" } ?? "neither rclone nor davfs2 is") not installed: "
            + "apt-get install \(program == .davfs2 ? "davfs2" : "rclone fuse3"), then run this again")
      }
      if chosen == .davfs2, geteuid() != 0 {
        throw Complaint.failed("davfs2 mounts as root only: run this with sudo, or use --with rclone")
      }
      let proxy = try await DoorProxy(session.client, lease) { path, why in
        Terminal.remark("not written: \(path): \(why)")
      }
      let mount = Mount(
        lease: lease, path: target.path, folder: folder, isReadOnly: readOnly, address: proxy.address,
        secret: proxy.secret, state: session.client.state.path)
      let serving = Task { await proxy.run() }
      defer { serving.cancel() }
      if !session.isQuiet { Terminal.remark("mounting on \(folder); Ctrl-C ends it") }
      switch chosen {
      case .rclone: try await mount.runRclone(path, failures: { proxy.failures })
      case .davfs2: try await mount.runDavfs(path, failures: { proxy.failures })
      }
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

/// A folder that something may be mounted on.
enum MountPoint {
  /// - Returns: its path, absolute and without links.
  /// - Throws: where something lies in it, or under a mount that would be hidden.
  static func check(_ folder: String) throws -> String {
    guard let whole = realpath(folder, nil) else {
      throw Complaint.usage("there is no folder \(folder): make it first (mkdir \(folder))")
    }
    defer { free(whole) }
    let path = String(cString: whole)
    guard LocalFile.isFolder(path) else { throw Complaint.usage("\(folder) is no folder") }
    guard !isMounted(path) else { throw Complaint.usage("something is mounted on \(folder) already; umount it first") }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: path) } catch {
      throw Complaint.usage("\(folder) cannot be looked into")
    }
    guard names.isEmpty else {
      throw Complaint.usage("\(folder) is not empty, and what lies in it would be hidden: use an empty folder")
    }
    return path
  }

  static func isMounted(_ path: String) -> Bool {
    // Where /proc is not mounted nothing can be seen of mounts, and the mounting program says what it cannot do.
    guard let text = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8) else { return false }
    return MountTable(parsing: text).mounted(on: path) != nil
  }
}
