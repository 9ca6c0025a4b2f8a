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
  let sent: @Sendable (Int64) -> Void

  /// - Parameter sent: hears the total of what was read.
  init(_ origin: Origin, sent: @escaping @Sendable (Int64) -> Void) throws(ClientError) {
    self.origin = origin
    self.sent = sent
    switch origin {
    case .path(let path):
      var status = stat()
      guard stat(path, &status) == 0 else { throw Self.failure("read", path) }
      guard status.st_mode & S_IFMT == S_IFREG else { throw .file("\(path) is not a file") }
      byteCount = Int64(status.st_size)
    case .descriptor: byteCount = nil
    }
  }

  func open() throws(ClientError) -> FilePieces {
    switch origin {
    case .descriptor(let descriptor):
      return FilePieces(file: OpenFile(descriptor, closes: false), limit: nil, sent: sent)
    case .path(let path):
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Self.failure("read", path) }
      return FilePieces(file: OpenFile(descriptor, closes: true), limit: byteCount, sent: sent)
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
      pieces.sent(total)
      return piece
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}
