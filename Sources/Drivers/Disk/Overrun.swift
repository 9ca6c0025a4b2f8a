import Engine
import Glibc

/// Tries to write more than a quota allows. A limit is believed when it has stopped a write, never because it was set.
enum Overrun {
  /// Writes four times `limit` into a file of `folder`, through to the disk.
  ///
  /// - Throws: `.failed` when everything was taken, or when a file cannot be removed once the quota is full.
  static func demandRefusal(in folder: String, limit: Int64) throws(DriverError) {
    let path = "\(folder)/overrun"
    let refusal = try firstRefusal(path, bytes: 4 * limit)
    guard refusal == EDQUOT || refusal == ENOSPC else {
      let words = refusal == 0 ? "\(4 * limit) bytes went into \(limit)" : String(cString: strerror(refusal))
      throw DriverError(.failed, attempted: "overrun a quota in \(folder)", words: words)
    }
    try HostFile.removeFile(path)
  }

  /// The error that stopped the writing, or 0. The bytes are random: nothing can fold them into less.
  private static func firstRefusal(_ path: String, bytes: Int64) throws(DriverError) -> Int32 {
    let file = try Descriptor(opening: path, O_WRONLY | O_CREAT)
    let chunk = (0..<(64 << 10)).map { _ in UInt8.random(in: .min ... .max) }
    var left = bytes
    while left > 0 {
      if write(file.number, chunk, chunk.count) < 0 { return errno }
      left -= Int64(chunk.count)
    }
    return fsync(file.number) == 0 ? 0 : errno
  }
}
