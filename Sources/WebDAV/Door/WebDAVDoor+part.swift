import Files
import HTTPTypes
import Hummingbird

extension WebDAVDoor {
  /// A part of an upload that may be broken off and taken up again.
  ///
  /// - Parameter length: what Content-Length says.
  /// - Returns: `202` and how much is held in `Upload-Offset` until the last part has come; then as for a whole file.
  func put(_ part: UploadPart, _ call: Call, length: Int64?) async throws -> Response {
    guard !call.headers.contains(.checksum), !call.headers.contains(.contentMD5) else {
      throw DoorProblem(400, .badHeader, "a checksum goes with a whole file")
    }
    guard let range = part.range else { return try await tell(part, call, length: length) }
    guard length == nil || length == Int64(range.count) else {
      throw DoorProblem(400, .badHeader, "Content-Length and Content-Range do not agree")
    }
    let opened = try await Workers.file(for: call.lease) { () throws in
      let (place, tree) = try self.permitUpload(call)
      if range.lowerBound > 0 || range.upperBound == part.total, let whole = try PartialFile.finished(place, part),
        try PartialFile(place, part, in: tree, makes: false) == nil
      {
        return Opened.finished(whole)
      }
      guard let file = try PartialFile(place, part, in: tree, makes: range.lowerBound == 0) else {
        throw Self.goesOn(at: 0)
      }
      guard range.lowerBound == 0 || range.lowerBound == file.received else { throw Self.goesOn(at: file.received) }
      return .partial(file)
    }
    let file: PartialFile
    switch opened {
    case .finished(let entry): return Self.stored(entry, true, call)
    case .partial(let opened): file = opened
    }
    try await receive(call, expecting: Int64(range.count), at: range.lowerBound, keepsParts: true) { pieces, offset in
      try file.file.write(pieces, at: offset)
    }
    guard range.upperBound == part.total else { return Self.received(range.upperBound) }
    let (entry, replaced) = try await Workers.file(for: call.lease) { () throws in
      Self.admitTime(call, file.file)
      return try Commit.alone(file.place) {
        try file.install { before in try self.permitInstall(call, file.place, before, in: file.tree) }
      }
    }
    return Self.stored(entry, replaced, call)
  }

  private enum Opened: Sendable {
    case partial(PartialFile)
    /// The last part came before, and its answer was lost.
    case finished(Entry)
  }

  /// How much is held, for who asks with `bytes */total`.
  private func tell(_ part: UploadPart, _ call: Call, length: Int64?) async throws -> Response {
    guard !call.request.hasBody else {
      throw DoorProblem(400, .badHeader, "who asks how much is held sends no body")
    }
    return try await Workers.file(for: call.lease) { () throws in
      let (place, tree) = try self.permitUpload(call)
      if let partial = try PartialFile(place, part, in: tree, makes: false) { return Self.received(partial.received) }
      guard let whole = try PartialFile.finished(place, part) else { return Self.received(0) }
      return Self.stored(whole, true, call)
    }
  }

  /// Deletes what is held of an upload that nobody will go on with: DELETE with the headers that ask for it.
  func giveUp(_ part: UploadPart, _ call: Call) async throws -> Response {
    guard part.range == nil else {
      throw DoorProblem(400, .badHeader, "an upload is given up with Content-Range: bytes */total")
    }
    return try await Workers.file(for: call.lease) { () throws in
      let tree = try call.tree()
      guard let place = try Self.target(call.path, in: tree),
        let partial = try PartialFile(place, part, in: tree, makes: false)
      else { throw DoorProblem(404, .notFound, "nothing is held of such an upload") }
      try partial.remove()
      return Response(status: .noContent)
    }
  }

  private static func received(_ bytes: Int64) -> Response {
    Response(status: .accepted, headers: [.uploadOffset: "\(bytes)", .cacheControl: "no-store"])
  }

  private static func goesOn(at offset: Int64) -> DoorProblem {
    DoorProblem(
      409, .uploadOffset, "the upload goes on at byte \(offset)", headers: ["Upload-Offset": "\(offset)"])
  }
}
