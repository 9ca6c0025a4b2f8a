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

  private func follow(
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
      throw Complaint.failed("there is no \(local)")
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
    if (try? FileManager.default.destinationOfSymbolicLink(atPath: local)) != nil {
      throw Complaint.failed("\(local) is a link; what is downloaded does not follow it")
    }
    try FileManager.default.createDirectory(atPath: local, withIntermediateDirectories: true)
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
