import Files
import HTTPTypes
import Hummingbird
import L402
import NIOCore

extension WebDAVDoor {
  func delete(_ call: Call) async throws -> Response {
    if let part = try UploadPart(call.headers) { return try await giveUp(part, call) }
    let depth = try Depth(call.headers, missing: .infinity)
    try await onTree(call) { stop throws in
      let tree = try call.tree()
      guard let place = try tree.place(of: call.path) else {
        throw DoorProblem(403, .root, "the disk itself is not deleted here")
      }
      let entry = try place.entry()
      guard entry.kind != .directory || depth == .infinity else {
        throw DoorProblem(400, .badHeader, "a folder is deleted with Depth: infinity")
      }
      try self.check(call, entry)
      try self.permit(call, changing: call.path, membership: true, beneath: true, tree: tree)
      try Self.remove(place, of: call, stop: stop)
    }
    locks.drop(beneath: call.path, of: call.lease, at: .now)
    return Response(status: .noContent)
  }

  /// Runs work whose length is the renter's choice.
  private func onTree<Result: Sendable>(
    _ call: Call, _ body: @escaping @Sendable (StopSign) throws -> Result
  ) async throws -> Result {
    try await Workers.tree(for: call.lease, over: call.channel, while: call.serving, body)
  }

  /// What has vanished is erased to the end, whoever waits for it: it would only lie in the renter's way.
  private static func remove(_ place: Place, of call: Call, stop: StopSign) throws {
    let serving = call.serving
    try VolumeTree.remove(place, stop: StopSign(pause: stop.pause) { !serving() })
  }

  func makeCollection(_ call: Call) async throws -> Response {
    guard !call.request.hasBody else {
      throw DoorProblem(415, .bodyRefused, "MKCOL takes no body")
    }
    try await Workers.file(for: call.lease) { () throws in
      let tree = try call.tree()
      guard let place = try Self.target(call.path, in: tree) else { throw FileFault(.exists, "mkcol") }
      try self.check(call, try place.entryIfAny())
      try self.permit(call, changing: call.path, membership: true, tree: tree)
      try tree.makeDirectory(place)
    }
    return Response(status: .created)
  }

  /// COPY and MOVE.
  func transfer(_ call: Call, moving: Bool) async throws -> Response {
    guard let destination = call.destination else { throw DoorProblem(400, .badHeader, "no Destination") }
    let depth = try Depth(call.headers, missing: .infinity)
    let overwrite: Bool
    switch call.headers[.overwrite]?.uppercased() {
    case nil, "T": overwrite = true
    case "F": overwrite = false
    case .some: throw DoorProblem(400, .badHeader, "Overwrite is T or F")
    }
    guard depth != .one, !moving || depth == .infinity else {
      throw DoorProblem(400, .badHeader, "this Depth has no meaning here")
    }
    let replaced = try await onTree(call) { stop throws in
      let tree = try call.tree()
      guard let source = try tree.place(of: call.path), let target = try Self.target(destination.path, in: tree) else {
        throw DoorProblem(403, .root, "the disk itself is neither copied nor replaced")
      }
      let entry = try source.entry()
      guard entry.kind != .other else { throw FileFault(.absent, "copy") }
      // Into itself, or over what it lies in: both would lose it.
      guard !destination.path.contains(call.path), !(entry.kind == .directory && call.path.contains(destination.path))
      else { throw DoorProblem(403, .samePlace, "source and destination lie in one another") }
      try self.check(call, entry)
      let before = try target.entryIfAny()
      if before?.kind == .other { throw FileFault(.notServed, "copy") }
      guard before == nil || overwrite else { throw DoorProblem(412, .exists, "the destination exists already") }
      try self.permit(call, changing: destination.path, membership: before == nil, beneath: true, tree: tree)
      if moving { try self.permit(call, changing: call.path, membership: true, beneath: true, tree: tree) }
      // A move needs no room, but for what a tenant has put on another file system; the disk has the word then.
      if !moving { try tree.makeSureOfRoom(for: source, contents: depth == .infinity, stop: stop) }
      do throws(FileFault) {
        return moving
          ? try tree.move(source, to: target, overwrite: overwrite, stop: stop)
          : try tree.copy(source, to: target, contents: depth == .infinity, overwrite: overwrite, stop: stop)
      } catch {
        guard error.kind == .exists else { throw error }
        throw DoorProblem(412, .exists, "the destination exists already")
      }
    }
    if moving { locks.drop(beneath: call.path, of: call.lease, at: .now) }
    if replaced { locks.drop(strictlyBeneath: destination.path, of: call.lease, at: .now) }
    return Response(status: replaced ? .noContent : .created)
  }
}
