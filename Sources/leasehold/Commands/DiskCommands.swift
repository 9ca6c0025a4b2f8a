import ArgumentParser
import Client
import Foundation
import Wire

struct PutCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "put", abstract: "Upload files and folders.",
    usage: "leasehold put [options] <file> ... <lease:path>",
    discussion: """
        leasehold put photo.jpg @last:/             into the lease's root
        leasehold put -r photos @last:/backup/      a folder, with everything in it
        tar c src | leasehold put - @last:/src.tar  standard input
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Flag(name: .shortAndLong, help: "Folders, with everything in them.") var recursive = false
  @Argument(
    help: "Files here (- is standard input), then LEASE:path; one that ends in a slash is a folder to put them into.")
  var paths: [String]

  func validate() throws {
    if paths.count < 2 { throw ValidationError("Say what to upload, and where to: leasehold put FILE LEASE:path") }
  }

  func run() async throws {
    let sources = paths.dropLast()
    let target = try RemoteArgument(paths.last ?? "")
    try await Session.run(options, of: target.lease, for: .acting, .door(door)) { session, lease in
      let transfer = Transfer(session: session, lease: lease)
      for source in sources {
        if source == "-" {
          guard !target.path.namesFolder else { throw Complaint.usage("name the file that standard input goes to") }
          try await transfer.putStandardInput(to: target.path)
          continue
        }
        let place =
          target.path.namesFolder || sources.count > 1
          ? LocalFile.name(of: source).flatMap { target.path.appending(name: $0) } : target.path
        guard let place else { throw Complaint.usage("'\(source)' has no name") }
        try await transfer.put(source, to: place, recursive: recursive)
      }
      session.put(transfer.report) { "" }
    }
  }
}

struct GetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Download files and folders.",
    discussion: """
        leasehold get @last:/photo.jpg              to the current folder
        leasehold get -r @last:/photos backup/
        leasehold get @last:/src.tar - | tar x      to standard output
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Flag(name: .shortAndLong, help: "Folders, with everything in them.") var recursive = false
  @Argument(help: "LEASE:path") var source: String
  @Argument(help: "A file or folder here; - is standard output.") var target: String = "."

  func run() async throws {
    let source = try RemoteArgument(source)
    try await Session.run(options, of: source.lease, for: .acting, .door(door)) { session, lease in
      let transfer = Transfer(session: session, lease: lease)
      if target == "-" {
        try await session.client.download(source.path, of: transfer.lease, descriptor: 1)
        return
      }
      // By bytes: what is put behind the slash must not be taken for a part of it.
      let isFolder = target.utf8.last == UInt8(ascii: "/")
      if isFolder, !LocalFile.isFolder(target) { try LocalFile.makeFolder(target) }
      var place = target
      if isFolder || LocalFile.isFolder(target), let name = source.path.name {
        place += (isFolder ? "" : "/") + name
      }
      if recursive {
        try await transfer.getTree(source.path, to: place)
      } else {
        guard source.path.name != nil, !source.path.namesFolder else {
          throw Complaint.usage("that is a folder: use --recursive")
        }
        try await transfer.get(source.path, to: place)
      }
      session.put(transfer.report) { "" }
    }
  }
}

struct LsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "ls", abstract: "List a folder of a disk lease.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Argument(help: "LEASE:path, or LEASE for its root.") var target: String

  func run() async throws {
    let target = try RemoteArgument(target, rootIfBare: true)
    try await Session.run(options, of: target.lease, for: .acting, .door(door)) { session, lease in
      let entries = try await session.client.list(target.path, of: lease)
      session.put(ListDocument(items: entries)) {
        var table = Table([("", .right), ("", .left), ("", .left)])
        for entry in entries {
          table.add([
            entry.isFolder ? "-" : entry.byteCount.map { Human.bytes($0) } ?? "?", entry.modified ?? "",
            entry.name + (entry.isFolder ? "/" : ""),
          ])
        }
        // No titles: what is listed speaks for itself.
        return table.text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().joined(separator: "\n")
      }
    }
  }
}

struct MkdirCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mkdir", abstract: "Make folders on a disk lease.",
    discussion: "Those above are made too; one that is there already is well.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Argument(help: "LEASE:path") var target: String

  func run() async throws {
    let target = try RemoteArgument(target)
    try await Session.run(options, of: target.lease, for: .acting, .door(door)) { session, lease in
      var folder = RemotePath.root
      for name in target.path.segments {
        guard let next = folder.appending(name: name, isFolder: true) else { continue }
        folder = next
        try await session.client.makeFolder(folder, of: lease)
      }
      session.put(["made": folder.description]) { "" }
    }
  }
}

struct RmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Remove files and folders of a disk lease.",
    discussion: "A path that ends in a slash is a folder, and goes with everything in it.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Flag(name: .shortAndLong, help: "Folders too.") var recursive = false
  @Argument(help: "LEASE:path") var targets: [String]

  func run() async throws {
    let targets = try targets.map { try RemoteArgument($0) }
    for target in targets {
      guard target.path.name != nil else { throw Complaint.usage("the root stays; name what is in it") }
      guard recursive || !target.path.namesFolder else { throw Complaint.usage("that is a folder: use --recursive") }
    }
    try await Session.run(options, of: targets[0].lease, for: .acting, .door(door)) { session, _ in
      for target in targets {
        let lease = try session.lease(target.lease, for: .acting)
        if !recursive {
          // A DELETE takes a folder with all that is in it; nobody who left the flag out asked for that.
          let members = try await session.client.list(target.path, of: lease)
          guard members.contains(where: { $0.name == target.path.name && !$0.isFolder }) || members.isEmpty else {
            throw Complaint.usage("\(target.path) is a folder: use --recursive")
          }
        }
        try await session.client.remove(target.path, of: lease)
      }
      session.put(["removed": targets.map(\.path.description)]) { "" }
    }
  }
}

/// Files of this machine, by the bytes of their paths.
enum LocalFile {
  /// The last segment; nil where there is none but `.` and `..`.
  static func name(of path: String) -> String? {
    guard let last = path.utf8.split(separator: UInt8(ascii: "/")).last else { return nil }
    guard !last.elementsEqual(".".utf8), !last.elementsEqual("..".utf8) else {
      guard let whole = realpath(path, nil) else { return nil }
      defer { free(whole) }
      return name(of: String(cString: whole))
    }
    return String(decoding: last, as: UTF8.self)
  }

  /// Makes a folder; one that is there already is well.
  static func makeFolder(_ path: String) throws {
    guard mkdir(path, 0o777) == 0 || errno == EEXIST && isFolder(path) else {
      throw Complaint.failed("cannot make \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Whether it is a folder, perhaps behind a link.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// `LEASE:path` on the command line.
struct RemoteArgument {
  var lease: String
  var path: RemotePath

  init(_ text: String, rootIfBare: Bool = false) throws {
    if let name = RemoteName(text) {
      (lease, path) = (name.lease, name.path)
    } else if rootIfBare, !text.contains(":"), !text.contains("/") {
      (lease, path) = (text, .root)
    } else {
      throw Complaint.usage("'\(text)' is not LEASE:path")
    }
  }
}
