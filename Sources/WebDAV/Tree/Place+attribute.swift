import CLinux
import Glibc

extension Place {
  /// The extended attribute that holds a resource's dead properties.
  static let attributeName = "user.leasehold.dav"
  /// ext4 keeps attributes in one block of 4 KiB.
  static let longestAttribute = 64 << 10

  /// `nil` when there is none, or the file system keeps none.
  func attribute() -> [UInt8]? {
    var size = leasehold_attribute_get(folder.number, name, Self.attributeName, nil, 0)
    guard size > 0, size <= Self.longestAttribute else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      size = leasehold_attribute_get(folder.number, name, Self.attributeName, buffer.baseAddress, buffer.count)
      count = max(size, 0)
    }
    return size > 0 ? bytes : nil
  }

  /// An empty array removes it.
  ///
  /// - Throws: `.noSpace` when it does not fit, `.unsupported`.
  func setAttribute(_ bytes: [UInt8]) throws(FileFault) {
    if bytes.isEmpty {
      guard leasehold_attribute_remove(folder.number, name, Self.attributeName) == 0 || errno == ENODATA else {
        throw FileFault(errno, "removexattr")
      }
      return
    }
    guard bytes.count <= Self.longestAttribute else { throw FileFault(.noSpace, "setxattr") }
    guard leasehold_attribute_set(folder.number, name, Self.attributeName, bytes, bytes.count) == 0 else {
      if errno == E2BIG || errno == ERANGE { throw FileFault(.noSpace, "setxattr") }
      throw FileFault(errno, "setxattr")
    }
  }
}
