import CLinux
import Glibc

extension Place {
  /// A listing may read them and write them out, for each member. (ext4 keeps attributes in one
  /// block of 4 KiB.)
  public static let longestAttribute = 16 << 10

  /// `nil` when there is none, or the file system keeps none.
  public func attribute(named attribute: String) -> [UInt8]? {
    var size = leasehold_attribute_get(folder.number, name, attribute, nil, 0)
    guard size > 0, size <= Self.longestAttribute else { return nil }
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      size = leasehold_attribute_get(folder.number, name, attribute, buffer.baseAddress, buffer.count)
      count = max(size, 0)
    }
    return size > 0 ? bytes : nil
  }

  /// An empty array removes it.
  ///
  /// - Throws: `.noSpace` when it does not fit, `.unsupported`.
  public func setAttribute(_ bytes: [UInt8], named attribute: String) throws(FileFault) {
    if bytes.isEmpty {
      guard leasehold_attribute_remove(folder.number, name, attribute) == 0 || errno == ENODATA else {
        throw FileFault(errno, "removexattr")
      }
      return
    }
    guard bytes.count <= Self.longestAttribute else { throw FileFault(.noSpace, "setxattr") }
    guard leasehold_attribute_set(folder.number, name, attribute, bytes, bytes.count) == 0 else {
      if errno == E2BIG || errno == ERANGE { throw FileFault(.noSpace, "setxattr") }
      throw FileFault(errno, "setxattr")
    }
  }
}

extension Descriptor {
  /// - Throws: `.unsupported` where the file system keeps none.
  func setAttribute(_ bytes: [UInt8], named attribute: String) throws(FileFault) {
    guard leasehold_attribute_set_open(number, attribute, bytes, bytes.count) == 0 else {
      throw FileFault(errno, "fsetxattr")
    }
  }
}
