import Glibc
import NIOCore
import NIOPosix

/// What is uploaded: a file, or standard input. Read in pieces, off the tasks' threads.
struct FileSource: Sendable {
  enum Origin: Sendable {
    case path(String)
    /// Can be read once only.
    case descriptor(Int32)
  }

  static let pieceCount = 256 << 10

  let origin: Origin
  /// As it was looked at; `nil` where nobody can know.
  let byteCount: Int64?
  /// Where in the file it begins.
  let offset: Int64
  let sent: @Sendable (Int64) -> Void

  /// - Parameters:
  ///   - offset: of the first byte that is sent.
  ///   - sent: hears the total of what was read, with what lies before the offset.
  init(_ origin: Origin, from offset: Int64 = 0, sent: @escaping @Sendable (Int64) -> Void) throws(ClientError) {
    self.origin = origin
    self.offset = offset
    self.sent = sent
    switch origin {
    case .path(let path):
      let length = try Self.length(of: path)
      byteCount = length.map { max(0, $0 - offset) }
    case .descriptor: byteCount = nil
    }
  }

  /// How long a file is; nil for one that says 0 and holds something all the same, as the kernel's do.
  static func length(of path: String) throws(ClientError) -> Int64? {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("read", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .file("\(path) is not a file") }
    guard status.st_size == 0 else { return Int64(status.st_size) }
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("read", path) }
    defer { close(descriptor) }
    var byte: UInt8 = 0
    return Glibc.read(descriptor, &byte, 1) > 0 ? nil : 0
  }

  func open() throws(ClientError) -> FilePieces {
    switch origin {
    case .descriptor(let descriptor):
      return FilePieces(file: OpenFile(descriptor, closes: false), limit: nil, start: 0, sent: sent)
    case .path(let path):
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Self.failure("read", path) }
      let file = OpenFile(descriptor, closes: true)
      guard offset == 0 || lseek(descriptor, off_t(offset), SEEK_SET) == off_t(offset) else {
        throw Self.failure("read", path)
      }
      return FilePieces(file: file, limit: byteCount, start: offset, sent: sent)
    }
  }

  static func failure(_ verb: String, _ path: String) -> ClientError {
    .file("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
  }
}

/// Closes its descriptor when nobody reads any more.
final class OpenFile: Sendable {
  let descriptor: Int32
  private let closes: Bool

  init(_ descriptor: Int32, closes: Bool) {
    self.descriptor = descriptor
    self.closes = closes
  }

  deinit { if closes { close(descriptor) } }
}

/// A file's content, a piece at a time.
struct FilePieces: AsyncSequence, Sendable {
  typealias Element = ByteBuffer

  let file: OpenFile
  /// A file that grows meanwhile is cut off where it ended when it was looked at: that length was announced.
  let limit: Int64?
  let start: Int64
  let sent: @Sendable (Int64) -> Void

  struct AsyncIterator: AsyncIteratorProtocol {
    let pieces: FilePieces
    var total: Int64 = 0

    mutating func next() async throws -> ByteBuffer? {
      let file = pieces.file
      let count = Int(Swift.min(Int64(FileSource.pieceCount), (pieces.limit ?? .max) - total))
      guard count > 0 else { return nil }
      let piece = try await NIOThreadPool.singleton.runIfActive { () throws -> ByteBuffer in
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
          while true {
            let read = Glibc.read(file.descriptor, room.baseAddress, count)
            if read >= 0 { return read }
            let code = errno
            if code != EINTR { throw IOError(errnoCode: code, reason: "read") }
          }
        }
        return buffer
      }
      guard piece.readableBytes > 0 else { return nil }
      total += Int64(piece.readableBytes)
      pieces.sent(pieces.start + total)
      return piece
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}
