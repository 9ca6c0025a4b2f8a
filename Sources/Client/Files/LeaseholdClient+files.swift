import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Wire

extension LeaseholdClient {
  /// How far a transfer is: bytes done, and of how many where that is known.
  public typealias Transferred = @Sendable (_ done: Int64, _ total: Int64?) -> Void

  /// An address on a disk, as other WebDAV clients want it.
  public func door(_ lease: String, _ path: RemotePath = .root, isFolder: Bool = true) -> String {
    server.url(path.url(of: lease, isFolder: isFolder))
  }

  /// Uploads a file in constant memory, in place of what is there.
  public func upload(
    _ local: String, to path: RemotePath, of lease: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    var status = stat()
    let total = stat(local, &status) == 0 ? Int64(status.st_size) : nil
    let source = try FileSource(.path(local)) { progress($0, total) }
    try await put(source, to: path, of: lease)
  }

  /// Uploads what a descriptor holds until it ends. It cannot be sent twice, so that nothing is paid or swapped on the
  /// way.
  public func upload(
    descriptor: Int32, to path: RemotePath, of lease: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    // What must be paid or swapped is found out before the first byte is taken.
    _ = try await list(.root, of: lease, depth: "0")
    let source = try FileSource(.descriptor(descriptor)) { progress($0, nil) }
    try await put(source, to: path, of: lease)
  }

  private func put(_ source: FileSource, to path: RemotePath, of lease: String) async throws(ClientError) {
    let response = try await send(
      Call(
        .PUT, path.url(of: lease, isFolder: false), body: .file(source), as: .lease(lease), patience: .streaming))
    _ = try await Self.bytes(of: response)
  }

  /// Downloads a file in constant memory: beside its place at first, so that a transfer that breaks off leaves what was
  /// there. Mode 0666 less the umask.
  public func download(
    _ path: RemotePath, of lease: String, to local: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    let draft = "\(local).\(UInt32.random(in: 0...(.max))).part"
    let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard file >= 0 else { throw FileSource.failure("write", draft) }
    do throws(ClientError) {
      defer { close(file) }
      try await download(path, of: lease, descriptor: file, name: local, progress: progress)
    } catch {
      unlink(draft)
      throw error
    }
    guard rename(draft, local) == 0 else {
      let failure = FileSource.failure("write", local)
      unlink(draft)
      throw failure
    }
  }

  /// Downloads into a descriptor that stays open.
  public func download(
    _ path: RemotePath, of lease: String, descriptor: Int32, name: String = "standard output",
    progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    let response = try await send(
      Call(.GET, path.url(of: lease, isFolder: false), as: .lease(lease), patience: .streaming))
    let total = response.headers.first(name: "Content-Length").flatMap { Int64($0) }
    var done: Int64 = 0
    var body = response.body.makeAsyncIterator()
    while true {
      let chunk: ByteBuffer?
      do { chunk = try await body.next() } catch {
        throw .unreachable("the answer broke off: \(Self.words(error))")
      }
      guard let chunk else { break }
      do {
        try await NIOThreadPool.singleton.runIfActive { try Self.write(chunk, to: descriptor) }
      } catch {
        throw .file("cannot write \(name): \(Self.words(error))")
      }
      done += Int64(chunk.readableBytes)
      progress(done, total)
    }
    if let total, done != total { throw .unreachable("the answer broke off after \(done) of \(total) bytes") }
  }

  private static func write(_ buffer: ByteBuffer, to descriptor: Int32) throws {
    try buffer.withUnsafeReadableBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count >= 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          throw IOError(errnoCode: errno, reason: "write")
        }
      }
    }
  }

  /// A folder's members, by name; a file alone is its own only member.
  public func list(_ path: RemotePath, of lease: String) async throws(ClientError) -> [RemoteEntry] {
    let responses = try await list(path, of: lease, depth: "1")
    // The folder itself is among them; its address is no longer than any other.
    let own = path.segments.count + 2
    return responses.compactMap { response -> RemoteEntry? in
      var href = response.href
      if let scheme = href.firstRange(of: "://"), let slash = href[scheme.upperBound...].firstIndex(of: "/") {
        href = String(href[slash...])
      }
      let segments = href.split(separator: "/").map { percentDecoded(String($0)) }
      guard segments.count > own || (segments.count == own && !response.isFolder),
        let name = segments.last ?? nil, name != "..", name != ".", !name.contains("/"), !name.utf8.contains(0)
      else { return nil }
      return RemoteEntry(
        name: name, isFolder: response.isFolder, byteCount: response.isFolder ? nil : response.byteCount,
        modified: response.modified, etag: response.etag)
    }.sorted { $0.name < $1.name }
  }

  private func list(
    _ path: RemotePath, of lease: String, depth: String
  ) async throws(ClientError) -> [MultistatusReader.Response] {
    let properties =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop><resourcetype/><getcontentlength/>"
      + "<getlastmodified/><getetag/></prop></propfind>"
    let response = try await send(
      Call(
        .PROPFIND, path.url(of: lease, isFolder: path.namesFolder), headers: [("Depth", depth)],
        body: .bytes(Array(properties.utf8), type: "application/xml; charset=utf-8"), as: .lease(lease)))
    guard let responses = MultistatusReader.read(try await Self.bytes(of: response))
    else { throw .unreadable("no listing") }
    return responses
  }

  /// Makes a folder; one that is there already is well.
  public func makeFolder(_ path: RemotePath, of lease: String) async throws(ClientError) {
    do throws(ClientError) {
      try await command(.MKCOL, path.url(of: lease, isFolder: true), as: .lease(lease))
    } catch {
      if case .problem(let problem) = error, problem.status == 405 { return }
      throw error
    }
  }

  /// Removes a file, or a folder with everything in it.
  public func remove(_ path: RemotePath, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path.url(of: lease, isFolder: path.namesFolder), as: .lease(lease))
  }
}
