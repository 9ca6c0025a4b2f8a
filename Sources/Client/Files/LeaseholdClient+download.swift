import AsyncHTTPClient
import Glibc
import L402
import Macaroons
import NIOCore
import NIOHTTP1
import NIOPosix
import Units
import Wire

extension LeaseholdClient {
  /// Downloads a file in constant memory: beside its place at first, so that a transfer that breaks off leaves what was
  /// there. What has come stays beside it, and the same asked again, in this run or another, goes on there as long as the
  /// file is the same. Mode 0666 less the umask.
  public func download(
    _ path: RemotePath, of lease: String, to local: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    var interruptions = Interruptions(settings.patience)
    var draft: Draft?
    while true {
      do throws(ClientError) {
        return try await download(path, of: lease, to: local, &draft, progress)
      } catch {
        if let draft { interruptions.isAt(draft.byteCount) }
        guard draft != nil, error.isInterruption, interruptions.isBorne() else { throw error }
        tell(.waiting(reason: "\(error)"))
        try await pause(1)
      }
    }
  }

  private func download(
    _ path: RemotePath, of lease: String, to local: String, _ draft: inout Draft?, _ progress: @escaping Transferred
  ) async throws(ClientError) {
    var response = try await open(path, of: lease)
    let etag = response.headers.first(name: "ETag")
    let kept: Draft =
      if let draft, draft.etag == etag { draft } else { try Draft(beside: local, "\(server) \(lease) \(path)", etag) }
    draft = kept
    var held = kept.byteCount
    if held > 0, let etag, response.headers.first(name: "Content-Length").flatMap({ Int64($0) }) ?? -1 >= held {
      // What was answered is left unread; the same is asked for from where we are.
      response = try await open(path, of: lease, headers: [("Range", "bytes=\(held)-"), ("If-Range", etag)])
    }
    switch response.status {
    case .partialContent
    where response.headers.first(name: "ETag") == etag
      && response.headers.first(name: "Content-Range")?.hasPrefix("bytes \(held)-") == true:
      break
    case .partialContent: throw .unreadable("another part of the file than was asked for")
    // All of it, whatever was asked for.
    default: held = 0
    }
    try kept.cut(at: held)
    try await Self.save(response, to: kept.descriptor, from: held, name: local, progress)
    try kept.install(local)
  }

  private func open(
    _ path: RemotePath, of lease: String, headers: [(String, String)] = []
  ) async throws(ClientError) -> HTTPClientResponse {
    try await send(
      Call(.GET, path.url(of: lease, isFolder: false), headers: headers, as: .lease(lease), patience: .streaming))
  }

  /// Downloads into a descriptor that stays open.
  public func download(
    _ path: RemotePath, of lease: String, descriptor: Int32, name: String = "standard output",
    progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    try await Self.save(open(path, of: lease), to: descriptor, from: 0, name: name, progress)
  }

  private static func save(
    _ response: HTTPClientResponse, to descriptor: Int32, from start: Int64, name: String, _ progress: Transferred
  ) async throws(ClientError) {
    let total = response.headers.first(name: "Content-Length").flatMap { Int64($0) }.map { start + $0 }
    var done = start
    var body = response.body.makeAsyncIterator()
    while true {
      let chunk: ByteBuffer?
      do { chunk = try await body.next() } catch {
        throw .unreachable("the answer broke off: \(words(error))")
      }
      guard let chunk else { break }
      do {
        try await NIOThreadPool.singleton.runIfActive { try Self.write(chunk, to: descriptor) }
      } catch {
        throw .file("cannot write \(name): \(words(error))")
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
}

/// What has come of a download, beside the file's place: `.<name>.<what>-<which>.part`. Named after what is downloaded, so
/// that the next run finds it; nothing comes into a part that another program is at.
private final class Draft: Sendable {
  let path: String
  let etag: String?
  let descriptor: Int32
  private let isKept: Bool

  deinit {
    if !isKept || byteCount == 0 { unlink(path) }
    close(descriptor)
  }

  /// - Parameters:
  ///   - what: whose it is; parts of an earlier version of it are removed.
  ///   - etag: which version; nil where nobody could tell whether it is still the same.
  init(beside local: String, _ what: String, _ etag: String?) throws(ClientError) {
    let bytes = local.utf8
    let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes.index(after: $0) } ?? bytes.startIndex
    let folder = String(decoding: bytes[..<start], as: UTF8.self)
    let stem = "." + String(decoding: bytes[start...], as: UTF8.self) + "." + Self.hash(what)
    if let etag {
      let name = "\(stem)-\(Self.hash(etag)).part"
      let file = open(folder + name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
      if file >= 0, flock(file, LOCK_EX | LOCK_NB) == 0, Self.isPlace(folder + name, file) {
        (path, descriptor, self.etag, isKept) = (folder + name, file, etag, true)
        Self.removeOthers(in: folder, stem, but: name)
        return
      }
      if file >= 0 { close(file) }
    }
    path = "\(folder)\(stem)-\(UInt32.random(in: 0...(.max))).part"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    self.etag = etag
    isKept = false
    guard descriptor >= 0 else { throw FileSource.failure("write", local) }
  }

  private static func hash(_ text: String) -> String {
    Array(text.utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex.prefix(12).description
  }

  /// Whoever had it may have put it in its place between our opening and our lock.
  private static func isPlace(_ path: String, _ file: Int32) -> Bool {
    var (named, opened) = (stat(), stat())
    return lstat(path, &named) == 0 && fstat(file, &opened) == 0 && named.st_ino == opened.st_ino
      && named.st_dev == opened.st_dev && named.st_mode & S_IFMT == S_IFREG
  }

  /// Of versions that are there no more.
  private static func removeOthers(in folder: String, _ stem: String, but name: String) {
    guard let stream = opendir(folder.isEmpty ? "." : folder) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let other = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
      }
      guard other != name, other.utf8.starts(with: (stem + "-").utf8), other.hasSuffix(".part") else { continue }
      let file = Glibc.open(folder + other, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
      guard file >= 0 else { continue }
      if flock(file, LOCK_EX | LOCK_NB) == 0 { unlink(folder + other) }
      close(file)
    }
  }

  var byteCount: Int64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// What lies behind is thrown away, and it is written on there.
  func cut(at offset: Int64) throws(ClientError) {
    guard ftruncate(descriptor, off_t(offset)) == 0, lseek(descriptor, off_t(offset), SEEK_SET) == offset
    else { throw FileSource.failure("write", path) }
  }

  func install(_ local: String) throws(ClientError) {
    guard rename(path, local) == 0 else { throw FileSource.failure("write", local) }
  }
}
