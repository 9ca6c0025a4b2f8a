import HTTPTypes
import Hummingbird
import L402
import NIOCore

extension WebDAVDoor {
  func delete(_ call: Call) async throws -> Response {
    let depth = try Depth(call.headers, missing: .infinity)
    let conditions = Conditions(call.headers)
    try await Workers.tree { () throws in
      let tree = try call.tree()
      guard let place = try tree.place(of: call.path) else {
        throw DoorProblem(403, "root", "the disk itself is not deleted here")
      }
      let entry = try place.entry()
      guard entry.kind != .directory || depth == .infinity else {
        throw DoorProblem(400, "bad-header", "a folder is deleted with Depth: infinity")
      }
      guard conditions.verdict(on: entry, reading: false) == .proceed else { throw Self.changed }
      try self.permit(call, changing: call.path, membership: true, beneath: true, tree: tree)
      try VolumeTree.remove(place, stop: call.stop)
    }
    locks.drop(beneath: call.path, of: call.lease, at: .now)
    return Response(status: .noContent)
  }

  func makeCollection(_ call: Call) async throws -> Response {
    guard !call.request.hasBody else {
      throw DoorProblem(415, "body-refused", "MKCOL takes no body")
    }
    try await Workers.file { () throws in
      let tree = try call.tree()
      guard let place = try Self.target(call.path, in: tree) else { throw FileFault(.exists, "mkcol") }
      try self.permit(call, changing: call.path, membership: true, tree: tree)
      try tree.makeDirectory(place)
    }
    return Response(status: .created)
  }

  /// COPY and MOVE.
  func transfer(_ call: Call, moving: Bool) async throws -> Response {
    guard let destination = call.destination else { throw DoorProblem(400, "bad-header", "no Destination") }
    let depth = try Depth(call.headers, missing: .infinity)
    let overwrite: Bool
    switch call.headers[.overwrite]?.uppercased() {
    case nil, "T": overwrite = true
    case "F": overwrite = false
    case .some: throw DoorProblem(400, "bad-header", "Overwrite is T or F")
    }
    guard depth != .one, !moving || depth == .infinity else {
      throw DoorProblem(400, "bad-header", "this Depth has no meaning here")
    }
    let replaced = try await Workers.tree { () throws in
      let tree = try call.tree()
      guard let source = try tree.place(of: call.path), let target = try Self.target(destination.path, in: tree) else {
        throw DoorProblem(403, "root", "the disk itself is neither copied nor replaced")
      }
      let entry = try source.entry()
      guard entry.kind != .other else { throw FileFault(.absent, "copy") }
      // Into itself, or over what it lies in: both would lose it.
      guard !destination.path.contains(call.path), !(entry.kind == .directory && call.path.contains(destination.path))
      else { throw DoorProblem(403, "same-place", "source and destination lie in one another") }
      guard Conditions(call.headers).verdict(on: entry, reading: false) == .proceed else { throw Self.changed }
      let before = try target.entryIfAny()
      if before?.kind == .other { throw FileFault(.notServed, "copy") }
      guard before == nil || overwrite else { throw DoorProblem(412, "exists", "the destination exists already") }
      try self.permit(call, changing: destination.path, membership: before == nil, beneath: true, tree: tree)
      if moving { try self.permit(call, changing: call.path, membership: true, beneath: true, tree: tree) }
      do throws(FileFault) {
        return moving
          ? try tree.move(source, to: target, overwrite: overwrite, stop: call.stop)
          : try tree.copy(source, to: target, contents: depth == .infinity, overwrite: overwrite, stop: call.stop)
      } catch {
        guard error.kind == .exists else { throw error }
        throw DoorProblem(412, "exists", "the destination exists already")
      }
    }
    if moving { locks.drop(beneath: call.path, of: call.lease, at: .now) }
    if replaced { locks.drop(strictlyBeneath: destination.path, of: call.lease, at: .now) }
    return Response(status: replaced ? .noContent : .created)
  }
}
