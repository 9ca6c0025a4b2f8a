import Glibc

/// A name in an open folder: what the last step of a path is.
struct Place: Sendable {
  let folder: Descriptor
  let name: String

  func entry() throws(FileFault) -> Entry { try folder.entry(named: name) }
  func entryIfAny() throws(FileFault) -> Entry? { try folder.entryIfAny(named: name) }

  /// A regular file, open for reading. `O_NONBLOCK` keeps a pipe that was put there from holding the thread.
  ///
  /// - Throws: `.absent`, `.isDirectory`, `.notServed`.
  func openFile() throws(FileFault) -> (file: Descriptor, entry: Entry) {
    let before = try entry()
    guard before.kind == .file else { throw FileFault(before.kind == .directory ? .isDirectory : .notServed, "open") }
    let file = try folder.open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    let entry = try file.entry()
    guard entry.kind == .file else { throw FileFault(.notServed, "open") }
    return (file, entry)
  }
}

/// Names this door keeps for itself while it works. They are never listed, and no request may name them.
enum ReservedName {
  static let prefix = ".leasehold~"

  static func isReserved(_ name: String) -> Bool { name.hasPrefix(prefix) }

  /// A new one: 64 random bits.
  static func make() -> String {
    prefix + String(UInt64.random(in: .min ... .max), radix: 36)
  }
}
