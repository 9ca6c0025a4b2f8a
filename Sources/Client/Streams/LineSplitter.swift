/// Cuts a stream of bytes into lines, wherever its chunks begin and end. A line ends with LF, CR LF, or the stream.
struct LineSplitter {
  private var partial: [UInt8] = []

  /// The lines that a chunk completes.
  mutating func take(_ chunk: some Sequence<UInt8>) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for byte in chunk {
      if byte == UInt8(ascii: "\n") {
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        lines.append(partial)
        partial.removeAll(keepingCapacity: true)
      } else {
        partial.append(byte)
      }
    }
    return lines
  }

  /// What stands after the last line's end.
  mutating func end() -> [UInt8]? {
    defer { partial = [] }
    return partial.isEmpty ? nil : partial
  }
}
