import Engine
import Glibc

/// What a container said, in two parts of at most a mebibyte each: the one it writes to, and the one before.
///
/// The container holds the file itself and not a pipe, so that nobody need live for it to write. The price is that the
/// file is rotated by copying and truncating, and that what is written in between is lost; and that the renter, whose
/// file it is, may make it as long as his disk: only the end of it is ever read.
struct OutputLog: Sendable {
  static let partSize: Int64 = 1 << 20

  let bundle: Bundle

  init(_ bundle: Bundle) {
    self.bundle = bundle
  }

  /// Begins a new part when the current one is full.
  func rotate() throws(DriverError) {
    guard size() > Self.partSize else { return }
    let end = try part(bundle.output, from: max(0, size() - Self.partSize))
    let unfinished = TemporaryName.beside(bundle.olderOutput)
    do {
      let file = try Descriptor(opening: unfinished, O_WRONLY | O_CREAT | O_EXCL)
      try HostFile.write(end, to: file.number, named: unfinished)
    }
    try systemCall("rename \(unfinished)") { rename(unfinished, bundle.olderOutput) }
    try systemCall("truncate \(bundle.output)") { truncate(bundle.output, 0) }
  }

  /// The last lines that are kept; `nil`: all.
  func tail(_ lines: Int?) throws(DriverError) -> (bytes: [UInt8], position: Int64) {
    let end = size()
    var bytes = try part(bundle.output, from: max(0, end - Self.partSize), to: end)
    let position = end
    let older = lines.map { Self.lineCount(bytes) < $0 } ?? true
    if older { bytes = try part(bundle.olderOutput, from: 0) + bytes }
    return (lines.map { Self.last($0, of: bytes) } ?? bytes, position)
  }

  /// What was written since `position`. Where the file was begun anew in between, from its beginning.
  func since(_ position: inout Int64) throws(DriverError) -> [UInt8] {
    let end = size()
    if end < position { position = 0 }
    let bytes = try part(bundle.output, from: max(position, end - Self.partSize), to: end)
    position = end
    return bytes
  }

  private func size() -> Int64 {
    var status = stat()
    return lstat(bundle.output, &status) == 0 ? Int64(status.st_size) : 0
  }

  private func part(_ path: String, from start: Int64, to end: Int64 = .max) throws(DriverError) -> [UInt8] {
    guard HostFile.exists(path) else { return [] }
    let file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
    let wanted = Int(min(end - start, Self.partSize))
    guard wanted > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: wanted)
    var filled = 0
    while filled < wanted {
      let count = try systemCall("read \(path)") {
        bytes.withUnsafeMutableBytes {
          pread(file.number, $0.baseAddress?.advanced(by: filled), wanted - filled, off_t(start) + off_t(filled))
        }
      }
      if count == 0 { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }

  private static func lineCount(_ bytes: [UInt8]) -> Int {
    bytes.count { $0 == UInt8(ascii: "\n") }
  }

  static func last(_ lines: Int, of bytes: [UInt8]) -> [UInt8] {
    guard lines > 0 else { return [] }
    var left = lines
    var start = bytes.count
    // The newline that ends the last line begins no other.
    if bytes.last == UInt8(ascii: "\n") { start -= 1 }
    while start > 0 {
      if bytes[start - 1] == UInt8(ascii: "\n") {
        left -= 1
        if left == 0 { break }
      }
      start -= 1
    }
    return Array(bytes[start...])
  }
}
