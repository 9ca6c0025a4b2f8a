import Engine
import Glibc

/// What a container said, in two parts of about a mebibyte each: the one it writes to, and the one before. Each byte has a
/// position that it keeps: so many were written before it.
///
/// The container holds the file itself and not a pipe, so that nobody need live for it to write. The price is that the
/// file is rotated by copying and truncating, and that what is written in between is lost; and that the renter, whose
/// file it is, may make it as long as his disk, or truncate it.
struct OutputLog: Sendable {
  static let partSize: Int64 = 1 << 20

  let bundle: Bundle

  init(_ bundle: Bundle) {
    self.bundle = bundle
  }

  /// Begins a new part when the current one is full.
  func rotate() throws(DriverError) {
    guard size() > Self.partSize else { return }
    try locked(LOCK_EX) { old, file throws(DriverError) in
      var marks = old
      let current = try open(bundle.output, O_RDWR)
      let unfinished = TemporaryName.beside(bundle.olderOutput)
      var size = try Self.size(of: current.number, named: bundle.output)
      // What is written while it is copied belongs to it, unless the container writes faster than we copy.
      for _ in 0..<3 {
        let end = try Self.part(current.number, from: max(0, size - Self.partSize), to: size, named: bundle.output)
        let copy = try Descriptor(opening: unfinished, O_WRONLY | O_CREAT | O_TRUNC)
        try HostFile.write(end, to: copy.number, named: unfinished)
        marks.olderEnd = marks.base.adding(size)
        let now = try Self.size(of: current.number, named: bundle.output)
        if now == size { break }
        size = now
      }
      marks.cutting = size
      try write(marks, to: file)
      try systemCall("rename \(unfinished)") { rename(unfinished, bundle.olderOutput) }
      try systemCall("truncate \(bundle.output)") { ftruncate(current.number, 0) }
      marks.base = marks.base.adding(size)
      marks.cutting = 0
      try write(marks, to: file)
    }
  }

  /// The last lines that are kept; `nil`: all. They follow one another without a gap. Nothing was written since what was
  /// lost in a rotation: they are those before it.
  func tail(_ lines: Int?) throws(DriverError) -> (bytes: [UInt8], start: Int64) {
    try locked(LOCK_SH) { marks, _ throws(DriverError) in
      let size = size()
      let from = max(0, size - Self.partSize)
      var bytes = try part(bundle.output, from: from, to: size)
      var end = marks.base.adding(from + Int64(bytes.count))
      let wantsMore = lines.map { Self.lineCount(bytes) < $0 } ?? true
      if wantsMore, from == 0, marks.olderIsWhole || (bytes.isEmpty && marks.olderIsKnown) {
        if bytes.isEmpty { end = marks.olderEnd }
        bytes = try part(bundle.olderOutput, from: 0) + bytes
      }
      if let lines { bytes = Self.last(lines, of: bytes) }
      return (bytes, end - Int64(bytes.count))
    }
  }

  /// What follows a position, at most a part of it; nothing at the end.
  ///
  /// - Returns: with where it begins: later than was asked for where that is kept no longer, earlier where the log has
  ///   become shorter.
  func read(from position: Int64) throws(DriverError) -> (bytes: [UInt8], start: Int64) {
    try locked(LOCK_SH) { marks, _ throws(DriverError) in
      let size = size()
      if position < marks.base, marks.olderIsKnown {
        let older = try part(bundle.olderOutput, from: 0)
        let begin = marks.olderEnd - Int64(older.count)
        let start = max(position, begin)
        if start < marks.olderEnd { return (Array(older.dropFirst(Int(start - begin))), start) }
      }
      // Shorter than it was: the renter has truncated it.
      let start = position > marks.base.adding(size) ? marks.base : max(position, marks.base)
      let from = start - marks.base
      return (try part(bundle.output, from: from, to: min(size, from.adding(Self.partSize))), start)
    }
  }

  // MARK: - What is remembered of it

  /// Positions that a rotation moves. The file lies beside the older part, out of the container's reach.
  private struct Marks {
    /// Of the first byte of the current part.
    var base: Int64 = 0
    /// Behind the last byte of the older part.
    var olderEnd: Int64 = 0
    /// So much of the current part is being thrown away; 0: nothing is.
    var cutting: Int64 = 0
    /// Whether a rotation was broken off, so that the older part is perhaps not the one that is spoken of.
    var isTorn = false

    var olderIsKnown: Bool { !isTorn }
    /// The current part follows it at once.
    var olderIsWhole: Bool { !isTorn && olderEnd == base }

    private static let word = "leasehold-log-1"

    var line: String {
      func digits(_ number: Int64) -> String { String(String(number + 1_000_000_000_000_000_000).dropFirst()) }
      return "\(Self.word) \(digits(base)) \(digits(olderEnd)) \(digits(cutting))\n"
    }

    init() {}

    /// `nil` for what is no line of ours: that of a log from before there were any.
    init?(_ line: String) {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count == 4, words[0] == Self.word, let base = Int64(words[1]), let olderEnd = Int64(words[2]),
        let cutting = Int64(words[3]), min(base, olderEnd, cutting) >= 0
      else { return nil }
      (self.base, self.olderEnd, self.cutting) = (base, olderEnd, cutting)
    }
  }

  /// Nobody rotates meanwhile. The lock is only ever held by ourselves, and for as long as it takes to copy a part.
  private func locked<Value>(
    _ kind: Int32, _ body: (Marks, Int32) throws(DriverError) -> Value
  ) throws(DriverError) -> Value {
    let file = try Descriptor(opening: bundle.logMarks, O_RDWR | O_CREAT)
    try systemCall("flock \(bundle.logMarks)") { flock(file.number, kind) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = try systemCall("read \(bundle.logMarks)") { pread(file.number, &bytes, bytes.count, 0) }
    var marks = Marks(String(decoding: bytes[..<count], as: UTF8.self)) ?? Marks()
    if marks.cutting > 0 {
      // Whoever rotated died on the way: before or after the file was truncated.
      if size() < marks.cutting { marks.base = marks.base.adding(marks.cutting) } else { marks.isTorn = true }
      marks.cutting = 0
    }
    let value = try body(marks, file.number)
    _ = consume file
    return value
  }

  /// In place, so that the lock stays on the file that everybody sees; so few bytes are never torn.
  private func write(_ marks: Marks, to file: Int32) throws(DriverError) {
    let bytes = Array(marks.line.utf8)
    try systemCall("write \(bundle.logMarks)") { pwrite(file, bytes, bytes.count, 0) }
  }

  // MARK: - The renter's file

  private func size() -> Int64 {
    var status = stat()
    return lstat(bundle.output, &status) == 0 ? Int64(status.st_size) : 0
  }

  private static func size(of file: Int32, named path: String) throws(DriverError) -> Int64 {
    var status = stat()
    try systemCall("fstat \(path)") { fstat(file, &status) }
    return Int64(status.st_size)
  }

  private func part(_ path: String, from start: Int64, to end: Int64 = .max) throws(DriverError) -> [UInt8] {
    guard HostFile.exists(path) else { return [] }
    let file = try open(path, O_RDONLY)
    return try Self.part(file.number, from: start, to: end, named: path)
  }

  /// Never waits: the container may hold a lease on its file (fcntl(2)), which an open would have to wait for.
  ///
  /// - Throws: `.busy` while it does.
  private func open(_ path: String, _ flags: Int32) throws(DriverError) -> Descriptor {
    let number = Glibc.open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    if number >= 0 { return Descriptor(number: number) }
    let code = errno
    if code == EWOULDBLOCK {
      throw DriverError(.busy, attempted: "open \(path)", words: "the container holds a lease on its log")
    }
    throw DriverError(errno: code, attempted: "open \(path)")
  }

  private static func part(
    _ file: Int32, from start: Int64, to end: Int64 = .max, named path: String
  ) throws(DriverError) -> [UInt8] {
    let wanted = Int(min(end - start, Self.partSize))
    guard wanted > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: wanted)
    var filled = 0
    while filled < wanted {
      let count = try systemCall("read \(path)") {
        bytes.withUnsafeMutableBytes {
          pread(file, $0.baseAddress?.advanced(by: filled), wanted - filled, off_t(start) + off_t(filled))
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

extension Int64 {
  /// A renter makes his file as long as he likes, again and again: positions stop at a quintillion.
  fileprivate func adding(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? 999_999_999_999_999_999 : Swift.min(sum, 999_999_999_999_999_999)
  }
}
