import Glibc

/// A name in an open folder: what the last step of a path is.
public struct Place: Sendable {
  /// Open, if only as a place to start from.
  public let folder: Descriptor
  /// One segment, or `.` for the folder itself.
  public let name: String

  public init(folder: Descriptor, name: String) {
    self.folder = folder
    self.name = name
  }

  /// What bears the name now; a symbolic link is itself.
  public func entry() throws(FileFault) -> Entry { try folder.entry(named: name) }
  /// `nil` when nothing bears it.
  public func entryIfAny() throws(FileFault) -> Entry? { try folder.entryIfAny(named: name) }

  /// Sets the modification time, in whole seconds since 1970.
  public func setModified(_ seconds: Int64) throws(FileFault) {
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    let times = [time, time]
    guard utimensat(folder.number, name, times, AT_SYMLINK_NOFOLLOW) == 0 else { throw FileFault(errno, "utimensat") }
  }

  /// A regular file, open for reading. `O_NONBLOCK` keeps a pipe that was put there from holding the thread.
  ///
  /// - Throws: `.absent`, `.isDirectory`, `.notServed`.
  public func openFile() throws(FileFault) -> (file: Descriptor, entry: Entry) {
    let before = try entry()
    guard before.kind == .file else { throw FileFault(before.kind == .directory ? .isDirectory : .notServed, "open") }
    let file = try folder.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    let entry = try file.entry()
    guard entry.kind == .file else { throw FileFault(.notServed, "open") }
    return (file, entry)
  }
}

/// Names that doors keep for themselves while they work. They are never listed, and no request may name them.
public enum ReservedName {
  public static let prefix = ".leasehold~"

  /// By bytes, as the file system has names: a combining character behind the prefix makes another character of its end.
  public static func isReserved(_ name: String) -> Bool { name.utf8.starts(with: prefix.utf8) }

  /// A new one: 64 random bits.
  static func make() -> String {
    prefix + String(UInt64.random(in: .min ... .max), radix: 36)
  }
}
