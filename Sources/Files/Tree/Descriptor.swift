import CLinux
import Glibc

/// An open file or directory; closed when the last holder lets go.
public final class Descriptor: Sendable {
  public let number: CInt

  init(owning number: CInt) {
    self.number = number
  }

  deinit { close(number) }
}

extension Descriptor {
  /// Opens what lies beneath this directory; see `leasehold_open_beneath`.
  func open(_ path: String, _ flags: CInt, mode: UInt32 = 0) throws(FileFault) -> Descriptor {
    let file = leasehold_open_beneath(number, path, flags, mode)
    guard file >= 0 else { throw FileFault(errno, "open") }
    return Descriptor(owning: file)
  }

  /// What the descriptor itself is open on.
  public func entry() throws(FileFault) -> Entry {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw FileFault(errno, "fstat") }
    return Entry(status)
  }

  /// What bears a name in this directory; a symbolic link is itself.
  func entry(named name: String) throws(FileFault) -> Entry {
    var status = stat()
    guard fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw FileFault(errno, "fstatat") }
    return Entry(status)
  }

  /// `nil` when nothing bears the name.
  func entryIfAny(named name: String) throws(FileFault) -> Entry? {
    do throws(FileFault) {
      return try entry(named: name)
    } catch  where error.kind == .absent {
      return nil
    }
  }

  func unlink(_ name: String, directory: Bool) throws(FileFault) {
    guard unlinkat(number, name, directory ? AT_REMOVEDIR : 0) == 0 else { throw FileFault(errno, "unlink") }
  }

  func rename(_ name: String, to target: Descriptor, _ newName: String) throws(FileFault) {
    guard renameat(number, name, target.number, newName) == 0 else { throw FileFault(errno, "rename") }
  }

  /// - Throws: `.exists` when the new name is taken.
  func renameIfFree(_ name: String, to target: Descriptor, _ newName: String) throws(FileFault) {
    guard leasehold_rename_new(number, name, target.number, newName) == 0 else { throw FileFault(errno, "rename") }
  }

  func exchange(_ name: String, with target: Descriptor, _ other: String) throws(FileFault) {
    guard leasehold_rename_exchange(number, name, target.number, other) == 0 else {
      throw FileFault(errno, "exchange")
    }
  }
}
