import Engine
import Glibc

/// An append-only file of frames, each durable before the next begins.
///
/// ```
/// file   = "leasehold-jrnl-1" (16 bytes)  id (8)  frame…
/// frame  = length (4)  CRC-32C of the payload (4)  payload
/// ```
/// Numbers have their little end first. A frame is written by one call and synchronised before another is begun, so
/// that a crash can only tear the last one; it is dropped at the next start, for nobody was told of it. A bad frame
/// with a good one behind it is no torn write but a damaged file, and refused.
struct Journal: ~Copyable {
  static let name = "invoices.journal"
  private static let magic = Array("leasehold-jrnl-1".utf8)
  private static let headerLength = 24
  private static let frameHeaderLength = 8
  private static let recordsPerFrame = 1_000

  private let directory: StateDirectory
  private var file: FileDescriptor
  /// Where the next frame goes; everything before is durable.
  private(set) var length: Int

  /// Set when the disk failed to synchronise: what is durable is then anybody's guess, and only a restart looks anew.
  private(set) var isMistrusted = false

  /// Opens the journal in this directory, made if need be. Nothing may be appended before ``replay()``.
  init(in directory: consuming StateDirectory) throws(NodeError) {
    if !directory.exists(Self.name) {
      _ = try directory.replace(Self.name, with: Self.header(id: UInt64.random(in: .min ... .max)))
      try directory.synchronize()
    }
    file = try FileDescriptor(opening: "\(directory.path)/\(Self.name)", O_RDWR)
    self.directory = directory
    length = 0
  }

  /// Writes one frame and returns when it is durable.
  mutating func append(_ payload: [UInt8]) throws(NodeError) {
    let frame = Self.frame(payload)
    try file.write(frame, at: length)
    do {
      try file.synchronize()
    } catch {
      isMistrusted = true
      throw error
    }
    length += frame.count
  }

  /// Reads the book again from what is durable, dropping a torn frame: at the start, and after a write that failed.
  mutating func replay() throws(NodeError) -> EmbeddedBook {
    let bytes = try file.readAll()
    let path = "\(directory.path)/\(Self.name)"
    guard bytes.count >= Self.headerLength, bytes.starts(with: Self.magic) else {
      throw NodeError(.garbage, attempted: "read \(path)", words: "it is no journal of this version")
    }
    var book = EmbeddedBook(journalID: Self.number(bytes[16..<24]))
    var offset = Self.headerLength
    while let payload = Self.payload(in: bytes, at: offset) {
      var reader = RecordReader(payload)
      while !reader.isAtEnd {
        guard let record = EmbeddedRecord(from: &reader), book.apply(record) else {
          throw NodeError(
            .garbage, attempted: "read \(path)", words: "the frame at \(offset) makes no sense to this version")
        }
      }
      offset = payload.endIndex
    }
    if offset < bytes.count {
      let behind = (offset + 1)..<max(offset + 1, bytes.count)
      guard !behind.contains(where: { Self.payload(in: bytes, at: $0) != nil }) else {
        throw NodeError(
          .garbage, attempted: "read \(path)", words: "the frame at \(offset) is damaged, and others follow it")
      }
      try file.truncate(to: offset)
      try file.synchronize()
    }
    length = offset
    return book
  }

  /// Writes the book out anew and goes on after it. Where this throws and ``isMistrusted`` is not set, the old journal
  /// stands and goes on.
  mutating func compact(_ book: EmbeddedBook) throws(NodeError) {
    var contents = Self.header(id: book.journalID)
    let records = book.records
    for start in stride(from: 0, to: records.count, by: Self.recordsPerFrame) {
      var writer = RecordWriter()
      for record in records[start..<min(start + Self.recordsPerFrame, records.count)] { record.write(to: &writer) }
      contents += Self.frame(writer.bytes)
    }
    file = try directory.replace(Self.name, with: contents)
    length = contents.count
    do {
      try directory.synchronize()
    } catch {
      isMistrusted = true
      throw error
    }
  }

  // MARK: Bytes

  private static func header(id: UInt64) -> [UInt8] {
    withUnsafeBytes(of: id.littleEndian) { magic + Array($0) }
  }

  private static func frame(_ payload: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    frame.reserveCapacity(frameHeaderLength + payload.count)
    withUnsafeBytes(of: UInt32(payload.count).littleEndian) { frame += $0 }
    withUnsafeBytes(of: CRC32C.checksum(of: payload[...]).littleEndian) { frame += $0 }
    return frame + payload
  }

  /// The payload of a whole and sound frame at this offset; an empty one is none.
  private static func payload(in bytes: [UInt8], at offset: Int) -> ArraySlice<UInt8>? {
    let start = offset + frameHeaderLength
    guard start <= bytes.count else { return nil }
    let count = Int(number(bytes[offset..<offset + 4]))
    guard count > 0, count <= bytes.count - start else { return nil }
    let payload = bytes[start..<start + count]
    guard number(bytes[offset + 4..<start]) == UInt64(CRC32C.checksum(of: payload)) else { return nil }
    return payload
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
