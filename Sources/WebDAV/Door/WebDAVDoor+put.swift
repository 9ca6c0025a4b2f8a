import HTTPTypes
import Hummingbird
import L402
import NIOCore
import NIOHTTPTypes

extension WebDAVDoor {
  /// Bytes gathered before they are written.
  private static let batch = 512 << 10

  func put(_ call: Call) async throws -> Response {
    guard !call.headers.contains(.contentRange) else {
      throw DoorProblem(400, "bad-header", "a part of a file cannot be put (RFC 9110 §14.5)")
    }
    if let expectation = call.headers[.expect], !call.request.expectsContinue {
      throw DoorProblem(417, "bad-header", "this cannot be expected: \(expectation.filter(\.isLetter).prefix(40))")
    }
    let length = try call.headers[.contentLength].map { text throws(DoorProblem) in
      guard let length = Int64(text), length >= 0 else { throw DoorProblem(400, "bad-header", "Content-Length is bad") }
      return length
    }
    let conditions = Conditions(call.headers)
    let pending = try await begin(call, conditions, expecting: length)
    try await receive(call, into: pending, expecting: length)
    admitTime(call, pending)

    let (entry, replaced) = try await Workers.file {
      try Commit.alone(pending.place) {
        try pending.install { before in
          guard conditions.verdict(on: before, reading: false) == .proceed else { throw Self.changed }
        }
      }
    }
    var headers: HTTPFields = [.eTag: entry.etag, .lastModified: HTTPDate.format(entry.modified.seconds)]
    if call.headers.contains(.modificationTime) { headers[.modificationTime] = "accepted" }
    return Response(status: replaced ? .noContent : .created, headers: headers)
  }

  static let changed = DoorProblem(412, "precondition-failed", "the file is not in the state you named")

  /// Everything that can refuse an upload does so here, before the client is told to go on.
  private func begin(_ call: Call, _ conditions: Conditions, expecting length: Int64?) async throws -> PendingFile {
    try await Workers.file { () throws in
      let tree = try call.tree()
      guard let place = try Self.target(call.path, in: tree), !call.path.endsInSlash else {
        throw DoorProblem(405, "is-folder", "a folder is made with MKCOL")
      }
      let before = try place.entryIfAny()
      switch before?.kind {
      case .directory: throw FileFault(.isDirectory, "put")
      case .other: throw FileFault(.notServed, "put")
      case .file, nil: break
      }
      guard conditions.verdict(on: before, reading: false) == .proceed else { throw Self.changed }
      try self.permit(call, changing: call.path, membership: before == nil, tree: tree)
      return try PendingFile(place, in: tree, expecting: length)
    }
  }

  /// The place of something that is to be made: no folder around it is a conflict, not an absence.
  static func target(_ path: ResourcePath, in tree: VolumeTree) throws -> Place? {
    do throws(FileFault) {
      return try tree.place(of: path)
    } catch {
      guard error.kind == .absent else { throw error }
      throw DoorProblem(409, "no-parent", "there is no folder to put it in")
    }
  }

  /// Streams the body into the file, in constant memory.
  private func receive(_ call: Call, into pending: PendingFile, expecting length: Int64?) async throws {
    if call.request.expectsContinue {
      try await call.channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
    }
    let stream = StreamGuard(call.channel, .receiving, call.admission, idle: configuration.idle)
    var received: Int64 = 0
    do {
      var body = call.request.body.makeAsyncIterator()
      var gathered: [ByteBuffer] = []
      var size = 0
      stream.wait()
      while let piece = try await body.next() {
        gathered.append(piece)
        size += piece.readableBytes
        try stream.advance(by: piece.readableBytes)
        if size >= Self.batch {
          received += try await write(gathered, to: pending, at: received)
          gathered.removeAll(keepingCapacity: true)
          size = 0
        }
        stream.wait()
      }
      try stream.check()
      received += try await write(gathered, to: pending, at: received)
    } catch {
      // A stream that was ended ends its body with an error of its own; the reason is the guard's.
      try stream.finish()
      throw error
    }
    try stream.finish()
    guard length == nil || length == received else {
      throw DoorProblem(400, "truncated", "the body is shorter than its Content-Length")
    }
  }

  private func write(_ buffers: [ByteBuffer], to pending: PendingFile, at offset: Int64) async throws -> Int64 {
    guard !buffers.isEmpty else { return 0 }
    try await Workers.file { try pending.write(buffers, at: offset) }
    return buffers.reduce(0) { $0 + Int64($1.readableBytes) }
  }

  /// The header with which rclone and ownCloud's clients keep a file's time. A time that cannot be set is not worth
  /// losing the upload for.
  private func admitTime(_ call: Call, _ pending: PendingFile) {
    guard let text = call.headers[.modificationTime], let seconds = Int64(text.prefix { $0 != "." }) else { return }
    try? pending.setModified(seconds)
  }
}
