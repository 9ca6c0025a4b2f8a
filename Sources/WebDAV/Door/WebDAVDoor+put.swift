import Engine
import Files
import HTTPTypes
import Hummingbird
import L402
import NIOCore
import NIOHTTPTypes

extension WebDAVDoor {
  /// A body of at most so many bytes is held in memory, and becomes a file in one go.
  private static let small: Int64 = 64 << 10

  func put(_ call: Call) async throws -> Response {
    if let coding = call.headers[.contentEncoding], coding.lowercased() != "identity" {
      throw DoorProblem(
        415, .contentEncoding, "a file is kept as it is sent: no Content-Encoding",
        headers: ["Accept-Encoding": "identity"])
    }
    let length = try call.headers[.contentLength].map { text throws(DoorProblem) in
      guard let length = Int64(text), length >= 0 else { throw DoorProblem(400, .badHeader, "Content-Length is bad") }
      return length
    }
    if let part = try UploadPart(call.headers) { return try await put(part, call, length: length) }

    let checksum = try Checksum(of: call.headers)
    let digests = checksum.map { Digests($0) }
    if let length, length <= Self.small, !call.request.expectsContinue {
      let pieces = try await FileStream.collect(
        call.request.body, expecting: length, call.stream(.receiving, idle: configuration.idle, isCounted: false))
      let response = try await Workers.file(for: call.lease) { () throws in
        let (place, tree) = try self.permitUpload(call)
        let pending = try PendingFile(place, in: tree, expecting: nil)
        try pending.write(pieces, at: 0)
        for piece in pieces { digests?.update(piece) }
        return try self.install(pending, call, digests)
      }
      // What is refused was taken only because that is quicker than to ask first.
      call.admission.count(Traffic(ingress: length))
      return response
    }
    let pending = try await begin(call, expecting: length)
    try await receive(call, expecting: length) { pieces, offset in
      try pending.write(pieces, at: offset)
      for piece in pieces { digests?.update(piece) }
    }
    return try await Workers.file(for: call.lease) { try self.install(pending, call, digests) }
  }

  private func install(_ pending: PendingFile, _ call: Call, _ digests: Digests?) throws -> Response {
    let sums = digests?.finish()
    guard digests == nil || sums != nil else {
      throw DoorProblem(400, .checksumMismatch, "what came is not what its checksum says; nothing was changed")
    }
    Self.admitTime(call, pending.file)
    if let sums { Checksum.keep(sums, with: pending.file) }
    let (entry, replaced) = try Commit.alone(pending.place) {
      try pending.install { before in try self.permitInstall(call, pending.place, before, in: pending.tree) }
    }
    return Self.stored(entry, replaced, call)
  }

  static func stored(_ entry: Entry, _ replaced: Bool, _ call: Call) -> Response {
    var headers: HTTPFields = [.eTag: entry.etag, .lastModified: HTTPDate.format(entry.modified.seconds)]
    if call.headers.contains(.modificationTime) { headers[.modificationTime] = "accepted" }
    return Response(status: replaced ? .noContent : .created, headers: headers)
  }

  static let changed = DoorProblem(412, .preconditionFailed, "the file is not in the state you named")

  /// Everything that can refuse an upload does so here, before the client is told to go on.
  private func begin(_ call: Call, expecting length: Int64?) async throws -> PendingFile {
    try await Workers.file(for: call.lease) { () throws in
      let (place, tree) = try self.permitUpload(call)
      return try PendingFile(place, in: tree, expecting: length)
    }
  }

  /// Where an upload goes, when nothing stands against it now.
  func permitUpload(_ call: Call) throws -> (Place, VolumeTree) {
    let tree = try call.tree()
    guard let place = try Self.target(call.path, in: tree), !call.path.endsInSlash else {
      throw DoorProblem(405, .isFolder, "a folder is made with MKCOL")
    }
    let before = try place.entryIfAny()
    switch before?.kind {
    case .directory: throw FileFault(.isDirectory, "put")
    case .other: throw FileFault(.notServed, "put")
    case .file, nil: break
    }
    try permitInstall(call, place, before, in: tree)
    return (place, tree)
  }

  /// Asked before the body and again in the moment in which the file takes its place: an upload may take hours.
  func permitInstall(_ call: Call, _ place: Place, _ before: Entry?, in tree: VolumeTree) throws {
    try check(call, before)
    try permit(call, changing: call.path, membership: before == nil, tree: tree)
  }

  /// The place of something that is to be made: no folder around it is a conflict, not an absence.
  static func target(_ path: ResourcePath, in tree: VolumeTree) throws -> Place? {
    do throws(FileFault) {
      return try tree.place(of: path)
    } catch {
      guard error.kind == .absent else { throw error }
      throw DoorProblem(409, .noParent, "there is no folder to put it in")
    }
  }

  /// Streams the body to where it is written, in constant memory.
  ///
  /// - Parameters:
  ///   - length: of the body; a longer or shorter one is refused.
  ///   - start: the offset of its first byte.
  ///   - keepsParts: whether what came before a broken end is written too.
  ///   - write: called on a worker's thread with one piece after the other.
  func receive(
    _ call: Call, expecting length: Int64?, at start: Int64 = 0, keepsParts: Bool = false,
    _ write: @escaping @Sendable ([ByteBuffer], Int64) throws -> Void
  ) async throws {
    try await invite(call)
    let stream = call.stream(.receiving, idle: configuration.idle)
    try await FileStream.receive(
      call.request.body, expecting: length, at: start, keepsParts: keepsParts, for: call.lease, stream, write)
  }

  /// The header with which rclone and ownCloud's clients keep a file's time. A time that cannot be set is not worth
  /// losing the upload for.
  static func admitTime(_ call: Call, _ file: Descriptor) {
    guard let text = call.headers[.modificationTime], let seconds = Int64(text.prefix { $0 != "." }) else { return }
    // The file is whole and its bytes are right; a time that does not fit is left out.
    try? file.setModified(seconds)
  }
}
