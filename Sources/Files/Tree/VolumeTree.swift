import CLinux
import Engine
import Glibc
import L402

/// A renter's files: every name is looked up beneath one open directory, without following a single link.
///
/// A container with the same disk may replace any folder by a symbolic link at any moment. The kernel therefore
/// resolves each path (`openat2` with `RESOLVE_BENEATH`, `RESOLVE_NO_SYMLINKS`, `RESOLVE_NO_MAGICLINKS`,
/// `RESOLVE_NO_XDEV`), and what is done to a name is done relative to its folder's descriptor, with calls that do not
/// follow the last component. Nothing here checks a path and then uses it again.
///
/// All calls block; they belong on a thread that may.
public struct VolumeTree: Sendable {
  public let root: Descriptor
  let uid: UInt32
  let gid: UInt32

  /// Extended attributes that go along with a copy.
  let carried: [String]

  /// - Parameter carried: the extended attributes that go along with a copy.
  /// - Throws: `.absent` when the volume is not there.
  public init(_ volume: Volume, carrying carried: [String] = []) throws(FileFault) {
    let file = open(volume.root, leasehold_flag_path | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw FileFault(errno, "open volume") }
    root = Descriptor(owning: file)
    uid = volume.uid
    gid = volume.gid
    self.carried = carried
  }

  /// What a path names. `.other` is found, not hidden: the caller decides.
  ///
  /// - Throws: `.absent`, `.notDirectory`.
  public func entry(at path: ResourcePath) throws(FileFault) -> Entry {
    guard let place = try place(of: path) else { return try root.entry() }
    return try place.entry()
  }

  /// `nil` when nothing is there.
  public func entryIfAny(at path: ResourcePath) throws(FileFault) -> Entry? {
    do throws(FileFault) {
      return try entry(at: path)
    } catch  where error.kind == .absent || error.kind == .notDirectory {
      return nil
    }
  }

  /// The folder a path's last name lies in, opened, and that name; `nil` for the root.
  ///
  /// - Throws: `.absent` or `.notDirectory` when there is no such folder.
  public func place(of path: ResourcePath) throws(FileFault) -> Place? {
    var segments = path.segments
    guard let name = segments.popLast() else { return nil }
    let folder = segments.isEmpty ? "." : segments.joined(separator: "/")
    return Place(folder: try root.open(folder, leasehold_flag_path | O_DIRECTORY), name: name)
  }

  /// A regular file, open for reading.
  ///
  /// - Throws: `.absent`, `.isDirectory`, `.notServed`.
  public func openFile(_ path: ResourcePath) throws(FileFault) -> (file: Descriptor, entry: Entry) {
    guard let place = try place(of: path) else { throw FileFault(.isDirectory, "open") }
    return try place.openFile()
  }

  /// A folder, open for listing.
  public func openDirectory(_ path: ResourcePath) throws(FileFault) -> Descriptor {
    let segments = path.segments
    return try root.open(segments.isEmpty ? "." : segments.joined(separator: "/"), O_RDONLY | O_DIRECTORY)
  }

  /// Makes a folder.
  ///
  /// - Throws: `.exists`; `.absent` or `.notDirectory` when the folder around it is not there.
  public func makeDirectory(_ place: Place) throws(FileFault) {
    guard mkdirat(place.folder.number, place.name, 0o755) == 0 else { throw FileFault(errno, "mkdir") }
    do throws(FileFault) {
      try own(place)
    } catch {
      _ = unlinkat(place.folder.number, place.name, AT_REMOVEDIR)
      throw error
    }
  }

  private func own(_ place: Place) throws(FileFault) {
    let directory = try place.folder.open(place.name, O_RDONLY | O_DIRECTORY)
    try own(directory, permissions: 0o755)
  }

  /// Gives what was made to the volume's owner.
  func own(_ file: Descriptor, permissions: UInt32) throws(FileFault) {
    if uid != geteuid() || gid != getegid() {
      guard fchown(file.number, uid, gid) == 0 else { throw FileFault(errno, "chown") }
    }
    guard fchmod(file.number, permissions & 0o777) == 0 else { throw FileFault(errno, "chmod") }
  }

  /// Gives a file that is whole its name and its owner; permissions are those of what it replaces.
  ///
  /// - Parameters:
  ///   - expected: called with what bears the name now; throws to refuse.
  ///   - put: gives it the name, and says whether something was replaced.
  func install<Refusal: Error>(
    _ file: Descriptor, at place: Place, unless expected: (Entry?) throws(Refusal) -> Void,
    _ put: (Entry?) throws(FileFault) -> Bool
  ) throws -> (entry: Entry, replaced: Bool) {
    let before = try place.entryIfAny()
    try expected(before)
    switch before?.kind {
    case .directory: throw FileFault(.isDirectory, "install")
    case .other: throw FileFault(.notServed, "install")
    case .file, nil: break
    }
    try own(file, permissions: before?.permissions ?? 0o644)
    let replaced = try put(before)
    return (try file.entry(), replaced)
  }
}
