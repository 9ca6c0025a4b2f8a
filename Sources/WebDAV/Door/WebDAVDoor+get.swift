import Engine
import Files
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

extension WebDAVDoor {
  /// A file of at most so many bytes is answered in one piece: nothing of it is open any more when its client takes it.
  private static let small: Int64 = 64 << 10

  private struct Opened: Sendable {
    var file: Descriptor
    var entry: Entry
    var checksums: [Checksum]
    /// The whole of a small file, when it was worth reading on the way.
    var bytes: ByteBuffer?
  }

  /// What the kernel has at hand is taken at once; only what may have to be waited for is worth another thread.
  private func open(_ call: Call, head: Bool) async throws -> Opened {
    if call.ifHeader == nil, let (file, entry) = VolumeTree.cachedFile(call.path, in: call.volume),
      let sums = checksums.sums(of: entry, in: call.lease)
    {
      return Opened(file: file, entry: entry, checksums: sums)
    }
    return try await Workers.file(for: call.lease) { () throws in
      let tree = try call.tree()
      let entry = try tree.entry(at: call.path)
      if let header = call.ifHeader { try self.demand(header, call, tree) }
      if entry.kind == .directory {
        return Opened(file: try tree.openDirectory(call.path), entry: entry, checksums: [])
      }
      guard let place = try tree.place(of: call.path) else { throw FileFault(.isDirectory, "open") }
      let (file, opened) = try place.openFile()
      let sums = Checksum.kept(at: place, opened)
      self.checksums.keep(sums, of: opened, in: call.lease)
      let isRead = !head && (1...Self.small).contains(opened.size)
      return Opened(
        file: file, entry: opened, checksums: sums, bytes: isRead ? try file.bytes(0..<opened.size) : nil)
    }
  }

  func get(_ call: Call, head: Bool) async throws -> Response {
    let opened = try await open(call, head: head)
    let (file, entry, checksums) = (opened.file, opened.entry, opened.checksums)
    guard entry.kind == .file else { return try await listing(call, of: file, head: head) }
    guard !call.path.endsInSlash else { throw DoorProblem(404, .notFound, "this is a file, not a folder") }

    let type = MediaType(fileName: call.path.segments.last ?? "")
    var headers: HTTPFields = [
      .contentType: type.name, .eTag: entry.etag, .lastModified: HTTPDate.format(entry.modified.seconds),
      .acceptRanges: "bytes", .cacheControl: "private, no-cache",
    ]
    if !checksums.isEmpty { headers[.checksum] = Checksum.text(checksums) }
    if !type.isShown { headers[.contentDisposition] = "attachment" }
    headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"

    let conditions = Conditions(call.headers)
    switch conditions.verdict(on: entry, reading: true) {
    case .proceed: break
    case .notModified: return Response(status: .notModified, headers: headers)
    case .failed: throw DoorProblem(412, .preconditionFailed, "the file is not in the state you named")
    }

    let asked = conditions.rangeApplies(to: entry) ? call.headers[.range] : nil
    let part: Range<Int64>
    switch ByteRange(header: head ? nil : asked, length: entry.size) {
    case .whole: part = 0..<entry.size
    case .part(let range):
      part = range
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(entry.size)"
    case .unsatisfiable:
      throw DoorProblem(
        416, .rangeNotSatisfiable, "the file is shorter",
        headers: ["Content-Range": "bytes */\(entry.size)", "Accept-Ranges": "bytes"])
    }
    headers[.contentLength] = "\(part.count)"
    guard !head, !part.isEmpty else { return Response(status: .ok, headers: headers) }
    let status: HTTPResponse.Status = headers[.contentRange] == nil ? .ok : .partialContent
    guard part.count > Self.small else {
      let bytes = try await smallPart(part, of: opened, call)
      call.admission.count(Traffic(egress: Int64(part.count)))
      return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
    }
    return Response(
      status: status, headers: headers,
      body: ResponseBody(contentLength: part.count) { writer in
        let stream = call.stream(.sending, idle: configuration.idle)
        try await FileStream.send(part, of: file, for: call.lease, to: &writer, stream)
        try await writer.finish(nil)
      })
  }

  private func smallPart(_ part: Range<Int64>, of opened: Opened, _ call: Call) async throws -> ByteBuffer {
    if let bytes = opened.bytes?.getSlice(at: Int(part.lowerBound), length: part.count) { return bytes }
    if let bytes = opened.file.cachedBytes(part) { return bytes }
    return try await Workers.file(for: call.lease) { try opened.file.bytes(part) }
  }

  /// The names in a folder, one a line, folders with a slash behind.
  private func listing(_ call: Call, of folder: Descriptor, head: Bool) async throws -> Response {
    let headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .cacheControl: "private, no-cache"]
    guard !head else { return Response(status: .ok, headers: headers) }
    let body = try await FolderListing(folder, of: call.lease, serving: call.serving).body(
      { call.stream(.sending, idle: configuration.idle) }, count: { call.admission.count(Traffic(egress: $0)) }
    ) { member, text in
      text.writeString(member.name)
      text.writeString(member.entry.kind == .directory ? "/\n" : "\n")
    }
    return Response(status: .ok, headers: headers, body: body)
  }
}
