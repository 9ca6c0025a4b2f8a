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
    try await Session.run(options, .door(door)) { session in
      let transfer = Transfer(session: session, lease: try session.lease(target.lease))
      for source in sources {
        if source == "-" {
          guard !target.path.namesFolder else { throw Complaint.usage("name the file that standard input goes to") }
          try await transfer.putStandardInput(to: target.path)
          continue
        }
        let name = URL(fileURLWithPath: source).lastPathComponent
        let place = target.path.namesFolder || sources.count > 1 ? target.path.appending(name: name) : target.path
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
    try await Session.run(options, .door(door)) { session in
      let transfer = Transfer(session: session, lease: try session.lease(source.lease))
      if target == "-" {
        try await session.client.download(source.path, of: transfer.lease, descriptor: 1)
        return
      }
      var place = URL(fileURLWithPath: target)
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder), isFolder.boolValue {
        if let name = source.path.name { place.append(path: name) }
      } else if target.hasSuffix("/") {
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        if let name = source.path.name { place.append(path: name) }
      }
      if recursive {
        try await transfer.getTree(source.path, to: place.path)
      } else {
        guard source.path.name != nil, !source.path.namesFolder else {
          throw Complaint.usage("that is a folder: use --recursive")
        }
        try await transfer.get(source.path, to: place.path)
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
    try await Session.run(options, .door(door)) { session in
      let entries = try await session.client.list(target.path, of: session.lease(target.lease))
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
    try await Session.run(options, .door(door)) { session in
      for target in targets {
        let lease = try session.lease(target.lease)
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
