import CLinux
import Glibc
import Hummingbird
import Ledger
import NIOCore

/// Bytes of files on their way to and from clients, in constant memory.
public enum FileStream {
  /// Bytes read, or gathered before they are written, at a time.
  private static let chunk = 512 << 10

  /// Sends a part of a file.
  ///
  /// - Parameter part: lies within the file.
  /// - Throws: ``StreamFault``; `.failed` when the file has become shorter meanwhile: the length is promised by then, so
  ///   the connection is all that can be broken off.
  public static func send(
    _ part: Range<Int64>, of file: Descriptor, for lease: LeaseID, to writer: inout any ResponseBodyWriter,
    _ stream: StreamGuard
  ) async throws {
    var offset = part.lowerBound
    do {
      while offset < part.upperBound {
        let bytes = try await read(
          file, for: lease, at: offset, upTo: Int(min(Int64(chunk), part.upperBound - offset)))
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
  private static func read(
    _ file: Descriptor, for lease: LeaseID, at offset: Int64, upTo count: Int
  ) async throws -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    let cached = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      max(0, leasehold_read_cached(file.number, bytes.baseAddress, count, off_t(offset)))
    }
    guard cached == 0 else { return buffer }
    return try await Workers.file(for: lease) { try file.read(at: offset, upTo: count) }
  }

  /// Takes a small body whole, into memory.
  ///
  /// - Throws: ``StreamFault``.
  public static func collect(
    _ body: RequestBody, expecting length: Int64, _ stream: StreamGuard
  ) async throws -> [ByteBuffer] {
    var pieces: [ByteBuffer] = []
    var size: Int64 = 0
    do {
      stream.wait()
      for try await piece in body {
        size += Int64(piece.readableBytes)
        guard size <= length else { throw StreamFault.tooLong }
        pieces.append(piece)
        try stream.advance(by: piece.readableBytes)
        stream.wait()
      }
    } catch {
      // A stream that was ended ends its body with an error of its own; the reason is the guard's.
      try stream.finish()
      throw error
    }
    try stream.finish()
    guard size == length else { throw StreamFault.tooShort }
    return pieces
  }

  /// Takes a body and hands it on in pieces.
  ///
  /// - Parameters:
  ///   - length: of the body; a longer or shorter one is refused.
  ///   - start: the offset of its first byte.
  ///   - keepsParts: whether what came before a broken end is handed on too.
  ///   - write: called on a worker's thread with one piece after the other, and where it belongs.
  /// - Throws: ``StreamFault``, and what `write` throws.
  public static func receive(
    _ body: RequestBody, expecting length: Int64?, at start: Int64 = 0, keepsParts: Bool = false, for lease: LeaseID,
    _ stream: StreamGuard, _ write: @escaping @Sendable ([ByteBuffer], Int64) throws -> Void
  ) async throws {
    var received: Int64 = 0
    var gathered: [ByteBuffer] = []
    var size = 0
    func flush() async throws {
      guard size > 0 else { return }
      let (pieces, offset) = (gathered, start + received)
      gathered.removeAll(keepingCapacity: true)
      received += Int64(size)
      size = 0
      try await Workers.file(for: lease) { try write(pieces, offset) }
    }
    do {
      var body = body.makeAsyncIterator()
      stream.wait()
      while let piece = try await body.next() {
        if let length, received + Int64(size + piece.readableBytes) > length { throw StreamFault.tooLong }
        gathered.append(piece)
        size += piece.readableBytes
        try stream.advance(by: piece.readableBytes)
        if size >= chunk { try await flush() }
        stream.wait()
      }
      try stream.check()
      try await flush()
    } catch {
      if keepsParts { try await flush() }
      // A stream that was ended ends its body with an error of its own; the reason is the guard's.
      try stream.finish()
      throw error
    }
    try stream.finish()
    guard length == nil || length == received else { throw StreamFault.tooShort }
  }
}
