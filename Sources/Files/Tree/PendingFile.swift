import CLinux
import Glibc
import NIOCore

/// A file being written that nobody sees until it is whole.
///
/// It has no name (`O_TMPFILE`), so that a crash leaves nothing behind; where the file system cannot do that it bears a
/// reserved one. `install` puts it in its place in one step. Let go before that, it is gone and what was
/// there before is untouched.
public final class PendingFile: Sendable {
  public let tree: VolumeTree
  public let place: Place
  public let file: Descriptor
  /// Set where unnamed files are not supported.
  private let temporaryName: String?

  /// - Parameter expected: the length, when it is known: room for it is reserved, so that what cannot fit is refused
  ///   before the first byte is sent.
  /// - Throws: `.noSpace`.
  public init(_ place: Place, in tree: VolumeTree, expecting expected: Int64?) throws(FileFault) {
    self.tree = tree
    self.place = place
    let unnamed = leasehold_open_unnamed(place.folder.number, 0o600)
    if unnamed >= 0 {
      file = Descriptor(owning: unnamed)
      temporaryName = nil
    } else {
      let fault = FileFault(errno, "open unnamed")
      guard fault.kind == .unsupported || fault.kind == .isDirectory else { throw fault }
      let name = ReservedName.make()
      file = try place.folder.open(name, O_CREAT | O_EXCL | O_RDWR, mode: 0o600)
      temporaryName = name
    }
    if let expected { try file.reserve(expected) }
  }

  deinit {
    if let temporaryName { _ = unlinkat(place.folder.number, temporaryName, 0) }
  }

  /// Writes the readable bytes of the buffers, one after the other, at an offset.
  public func write(_ buffers: [ByteBuffer], at offset: Int64) throws(FileFault) {
    try file.write(buffers, at: offset)
  }

  /// Gives the whole file its name.
  ///
  /// - Parameter expected: called with what bears the name now, in the moment before it is replaced; throws to refuse.
  /// - Returns: what the file now is, and whether it replaced something.
  public func install<Refusal: Error>(
    unless expected: (Entry?) throws(Refusal) -> Void
  ) throws -> (entry: Entry, replaced: Bool) {
    try tree.install(file, at: place, unless: expected) { before throws(FileFault) in
      try link(over: before)
    }
  }

  private func link(over before: Entry?) throws(FileFault) -> Bool {
    if before == nil, temporaryName == nil {
      do throws(FileFault) {
        try link(as: place.name)
        return false
      } catch  where error.kind == .exists {
        // Somebody else was faster: then this one replaces it.
      }
    }
    let name = temporaryName ?? ReservedName.make()
    if temporaryName == nil { try link(as: name) }
    do throws(FileFault) {
      try place.folder.rename(name, to: place.folder, place.name)
    } catch {
      _ = unlinkat(place.folder.number, name, 0)
      throw error
    }
    return before != nil
  }

  private func link(as name: String) throws(FileFault) {
    guard leasehold_link_unnamed(file.number, place.folder.number, name) == 0 else { throw FileFault(errno, "link") }
  }
}
