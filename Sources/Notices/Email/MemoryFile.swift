import CLinux
import Glibc
import SystemPackage

/// Bytes for a program to read, as a file that is in no folder. A pipe would end whoever writes to it (SIGPIPE), or trap in
/// `Subprocess` as of 1.0.2, when the program ends before it has read everything.
struct MemoryFile: ~Copyable {
  private let number: Int32

  /// `nil` where the kernel gives none.
  init?(_ bytes: [UInt8]) {
    number = clinux_memory_file("mail")
    guard number >= 0 else { return nil }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(number, $0.baseAddress.map { $0 + written }, bytes.count - written) }
      guard count > 0 else { return nil }
      written += count
    }
    guard lseek(number, 0, SEEK_SET) == 0 else { return nil }
  }

  /// As long as this is alive.
  var descriptor: FileDescriptor { FileDescriptor(rawValue: number) }

  deinit { if number >= 0 { close(number) } }
}
