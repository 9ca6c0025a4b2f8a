import Glibc
import Units

/// A file that somebody writes rates to. What it says is of when it was written: one that is not written any more grows
/// old as an address that does not answer does.
struct RateFile {
  let path: String

  /// Clocks of the file and of the daemon may differ by so much.
  private static let tolerance: Seconds = .minute

  /// A file of a few bytes: read at once, on the thread that asks.
  func read(at now: Instant, _ limits: ReadingLimits) throws(ReadingFault) -> (bytes: [UInt8], at: Instant) {
    // A pipe in its place must not be waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ReadingFault("the file cannot be opened: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ReadingFault("it is not a file")
    }
    guard status.st_mode & 0o002 == 0 else {
      throw ReadingFault("everybody may write the file, and so set prices: chmod o-w")
    }
    guard status.st_size <= limits.bytes else { throw ReadingFault("the file is over \(limits.bytes) bytes") }
    var bytes = [UInt8](repeating: 0, count: limits.bytes + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
      }
      guard got >= 0 else {
        if errno == EINTR { continue }
        throw ReadingFault("the file cannot be read: \(String(cString: strerror(errno)))")
      }
      guard got > 0 else { break }
      count += got
    }
    guard count <= limits.bytes else { throw ReadingFault("the file is over \(limits.bytes) bytes") }
    // A file may bear any time at all.
    let written = Instant(unixSeconds: Int64(status.st_mtim.tv_sec))
      .advanced(byMicroseconds: Int64(status.st_mtim.tv_nsec) / 1_000)
    guard written <= now + RateFile.tolerance else { throw ReadingFault("the file was written in the future") }
    return (Array(bytes.prefix(count)), min(written, now))
  }
}
