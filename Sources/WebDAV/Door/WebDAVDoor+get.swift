import CLinux
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

extension WebDAVDoor {
  /// Bytes read at a time.
  private static let chunk = 512 << 10

  func get(_ call: Call, head: Bool) async throws -> Response {
    let (file, entry) = try await Workers.file { () throws in
      let tree = try call.tree()
      let entry = try tree.entry(at: call.path)
      if entry.kind == .directory { return (try tree.openDirectory(call.path), entry) }
      return try tree.openFile(call.path)
    }
    guard entry.kind == .file else { return listing(call, of: file, head: head) }
    guard !call.path.endsInSlash else { throw DoorProblem(404, "not-found", "this is a file, not a folder") }

    let type = MediaType(fileName: call.path.segments.last ?? "")
    var headers: HTTPFields = [
      .contentType: type.name, .eTag: entry.etag, .lastModified: HTTPDate.format(entry.modified.seconds),
      .acceptRanges: "bytes", .cacheControl: "private, no-cache",
    ]
    if !type.isShown { headers[.contentDisposition] = "attachment" }
    headers[.contentSecurityPolicy] = "sandbox; default-src 'none'"

    let conditions = Conditions(call.headers)
    switch conditions.verdict(on: entry, reading: true) {
    case .proceed: break
    case .notModified: return Response(status: .notModified, headers: headers)
    case .failed: throw DoorProblem(412, "precondition-failed", "the file is not in the state you named")
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
        416, "range-not-satisfiable", "the file is shorter",
        headers: ["Content-Range": "bytes */\(entry.size)", "Accept-Ranges": "bytes"])
    }
    headers[.contentLength] = "\(part.count)"
    guard !head, !part.isEmpty else { return Response(status: .ok, headers: headers) }
    return Response(
      status: headers[.contentRange] == nil ? .ok : .partialContent, headers: headers,
      body: ResponseBody(contentLength: part.count) { writer in
        try await send(part, of: file, call, to: &writer)
        try await writer.finish(nil)
      })
  }

  private func send(
    _ part: Range<Int64>, of file: Descriptor, _ call: Call, to writer: inout any ResponseBodyWriter
  ) async throws {
    let stream = StreamGuard(call.channel, .sending, call.admission, idle: configuration.idle)
    var offset = part.lowerBound
    do {
      while offset < part.upperBound {
        let bytes = try await read(file, at: offset, upTo: Int(min(Int64(Self.chunk), part.upperBound - offset)))
        // A tenant has shortened the file: the length is promised, so the connection is all that can be broken off.
        guard bytes.readableBytes > 0 else { throw FileFault(.failed, "read") }
        offset += Int64(bytes.readableBytes)
        stream.wait()
        try await writer.write(bytes)
        try stream.advance(by: bytes.readableBytes)
      }
    } catch {
      // The cause is on its way already; what was sent is counted all the same.
      try? stream.finish()
      throw error
    }
    try stream.finish()
  }

  /// What lies in the page cache is taken at once, which does not block; only what does not is worth another thread.
  private func read(_ file: Descriptor, at offset: Int64, upTo count: Int) async throws -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    let cached = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      max(0, leasehold_read_cached(file.number, bytes.baseAddress, count, off_t(offset)))
    }
    guard cached == 0 else { return buffer }
    return try await Workers.file {
      var buffer = ByteBufferAllocator().buffer(capacity: count)
      var failure: CInt = 0
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
        while true {
          let read = pread(file.number, bytes.baseAddress, count, off_t(offset))
          if read >= 0 { return read }
          failure = errno
          guard failure == EINTR else { return 0 }
          failure = 0
        }
      }
      guard failure == 0 else { throw FileFault(failure, "read") }
      return buffer
    }
  }

  /// The names in a folder, one a line, folders with a slash behind.
  private func listing(_ call: Call, of folder: Descriptor, head: Bool) -> Response {
    let headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .cacheControl: "private, no-cache"]
    guard !head else { return Response(status: .ok, headers: headers) }
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody { writer in
        let stream = StreamGuard(call.channel, .sending, call.admission, idle: configuration.idle)
        var listing = FolderListing(folder)
        while true {
          let (next, members) = try await listing.read()
          listing = next
          guard !members.isEmpty else { break }
          var text = ByteBuffer()
          for member in members {
            text.writeString(member.name + (member.entry.kind == .directory ? "/\n" : "\n"))
          }
          stream.wait()
          try await writer.write(text)
          try stream.advance(by: text.readableBytes)
        }
        try stream.finish()
        try await writer.finish(nil)
      })
  }
}
