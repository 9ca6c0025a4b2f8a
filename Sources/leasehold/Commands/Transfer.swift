import Client
import Foundation
import Synchronization

/// Files on their way between here and a lease.
final class Transfer: Sendable {
  struct Item: Hashable, Codable {
    var path: String
    var bytes: Int64
  }

  struct Report: Hashable, Codable {
    var items: [Item]
  }

  let session: Session
  let lease: String
  private let done = Mutex<[Item]>([])

  init(session: Session, lease: String) {
    self.session = session
    self.lease = lease
  }

  var report: Report { Report(items: done.withLock { $0 }) }

  /// Says what to do about it, where that is known.
  private func follow(
    _ path: RemotePath, _ transfer: (@escaping LeaseholdClient.Transferred) async throws -> Void
  ) async throws {
    do { try await show(path, transfer) } catch ClientError.problem(let problem) {
      switch (problem.status, problem.code) {
      case (409, "no-parent"):
        let folder = "/" + path.segments.dropLast().joined(separator: "/")
        throw Complaint.failed(
          "there is no folder \(folder) on the disk: make it with 'leasehold mkdir \(session.short(lease)):\(folder)'")
      case (405, "is-folder"), (409, "is-folder"):
        throw Complaint.failed("\(path) is a folder; with a slash behind it, it is put into the folder")
      case (507, _):
        // Said without, where nobody answers.
        let room = (try? await session.client.room(of: lease)).flatMap { $0 }
        throw Complaint.failed(
          "no room for \(path)" + (room.map { ": \(Human.bytes($0)) are free" } ?? "")
            + "; 'leasehold rm' makes some, 'leasehold change' moves to a larger offer")
      default: throw ClientError.problem(problem)
      }
    }
  }

  private func show(
    _ path: RemotePath, _ transfer: (@escaping LeaseholdClient.Transferred) async throws -> Void
  ) async throws {
    let bar = ProgressBar(path.description, isShown: Terminal.errorIsTTY && !session.isQuiet)
    let counter = Counter()
    try await transfer { bytes, total in
      counter.set(bytes)
      bar.update(bytes, total)
    }
    bar.finish()
    done.withLock { $0.append(Item(path: path.description, bytes: counter.value)) }
  }

  func putStandardInput(to path: RemotePath) async throws {
    try await follow(path) { try await session.client.upload(descriptor: 0, to: path, of: lease, progress: $0) }
  }

  func put(_ local: String, to path: RemotePath, recursive: Bool) async throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: local, isDirectory: &isFolder) else {
      throw Complaint.failed("there is no file \(local) here")
    }
    guard isFolder.boolValue else {
      try await follow(path) { try await session.client.upload(local, to: path, of: lease, progress: $0) }
      return
    }
    guard recursive else { throw Complaint.usage("\(local) is a folder: use --recursive") }
    try await session.client.makeFolder(path, of: lease)
    for name in try FileManager.default.contentsOfDirectory(atPath: local).sorted() {
      guard let place = path.appending(name: name) else { continue }
      let member = local + "/" + name
      // A link could lead round in a circle, or out of what was meant.
      if (try? FileManager.default.destinationOfSymbolicLink(atPath: member)) != nil {
        if !session.isQuiet { Terminal.remark("\(member) is a link and was left out") }
        continue
      }
      try await put(member, to: place, recursive: true)
    }
  }

  func get(_ path: RemotePath, to local: String) async throws {
    try await follow(path) { try await session.client.download(path, of: lease, to: local, progress: $0) }
  }

  /// The server's names are single segments, so that nothing is written outside `local`.
  func getTree(_ path: RemotePath, to local: String) async throws {
    let members = try await session.client.list(path, of: lease)
    if members.count == 1, let only = members.first, !only.isFolder, only.name == path.name, !path.namesFolder {
      return try await get(path, to: local)
    }
    // What is no link has no destination.
    if (try? FileManager.default.destinationOfSymbolicLink(atPath: local)) != nil {
      throw Complaint.failed("\(local) is a link; what is downloaded does not follow it")
    }
    try LocalFile.makeFolder(local)
    for member in members {
      guard let place = path.appending(name: member.name, isFolder: member.isFolder) else { continue }
      let name = local + "/" + member.name
      if member.isFolder { try await getTree(place, to: name) } else { try await get(place, to: name) }
    }
  }
}

/// The last number it was told.
private final class Counter: Sendable {
  private let number = Mutex<Int64>(0)
  var value: Int64 { number.withLock { $0 } }
  func set(_ value: Int64) { number.withLock { $0 = value } }
}
