import CLinux
import Glibc

/// Reads a directory's names a buffer at a time, so that a directory of any size costs the same memory.
struct DirectoryReader: Sendable {
  struct Item: Hashable, Sendable {
    /// `nil` when the name is not UTF-8 and so has no URL here.
    var name: String?
    var rawName: [CChar]
    /// What the directory says it is; `DT_UNKNOWN` on some file systems.
    var type: UInt8
  }

  let directory: Descriptor
  private var buffer: [UInt8] = []
  private var position = 0

  /// - Parameter directory: opened for reading, and read by nobody else.
  init(_ directory: Descriptor) {
    self.directory = directory
  }

  /// The next name; never `.` or `..`. `nil` at the end.
  mutating func next() throws(FileFault) -> Item? {
    guard let (name, type) = try nextBytes() else { return nil }
    return Item(
      name: String(validating: name, as: UTF8.self), rawName: name.map { CChar(bitPattern: $0) } + [0], type: type)
  }

  /// The next name and nothing else. `nil` at the end, `.some(nil)` for one that is not UTF-8.
  mutating func nextName() throws(FileFault) -> String?? {
    guard let (name, _) = try nextBytes() else { return nil }
    return .some(String(validating: name, as: UTF8.self))
  }

  private mutating func nextBytes() throws(FileFault) -> (name: ArraySlice<UInt8>, type: UInt8)? {
    while true {
      if position >= buffer.count {
        guard try refill() else { return nil }
      }
      // struct linux_dirent64: inode 8, offset 8, record length 2, type 1, then the name, ended by a NUL.
      let length = Int(buffer[position + 16]) | Int(buffer[position + 17]) << 8
      let type = buffer[position + 18]
      let name = buffer[(position + 19)..<(position + length)].prefix { $0 != 0 }
      position += length
      if name.elementsEqual([0x2E]) || name.elementsEqual([0x2E, 0x2E]) { continue }
      return (name, type)
    }
  }

  private mutating func refill() throws(FileFault) -> Bool {
    var read = 0
    buffer = [UInt8](unsafeUninitializedCapacity: 32 << 10) { bytes, count in
      read = leasehold_read_directory(directory.number, bytes.baseAddress, bytes.count)
      count = max(read, 0)
    }
    position = 0
    guard read >= 0 else { throw FileFault(errno, "getdents64") }
    return read > 0
  }
}
