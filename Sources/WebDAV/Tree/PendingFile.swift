import CLinux
import Glibc
import NIOCore

/// A file being written that nobody sees until it is whole.
///
/// It has no name (`O_TMPFILE`), so that a crash leaves nothing behind; where the file system cannot do that it bears a
/// reserved one. ``install(replacing:)`` puts it in its place in one step. Let go before that, it is gone and what was
/// there before is untouched.
final class PendingFile: Sendable {
  let tree: VolumeTree
  let place: Place
  let file: Descriptor
  /// Set where unnamed files are not supported.
  private let temporaryName: String?

  /// - Parameter expected: the length, when it is known: room for it is reserved, so that what cannot fit is refused
  ///   before the first byte is sent.
  /// - Throws: `.noSpace`.
  init(_ place: Place, in tree: VolumeTree, expecting expected: Int64?) throws(FileFault) {
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
    if let expected, expected >= 1 << 20, leasehold_reserve(file.number, off_t(expected)) != 0 {
      let fault = FileFault(errno, "fallocate")
      guard fault.kind != .noSpace else { throw fault }
    }
  }

  deinit {
    if let temporaryName { _ = unlinkat(place.folder.number, temporaryName, 0) }
  }

  /// Writes the readable bytes of the buffers, one after the other, at an offset.
  func write(_ buffers: [ByteBuffer], at offset: Int64) throws(FileFault) {
    var offset = offset
    for buffer in buffers {
      let fault = buffer.withUnsafeReadableBytes { bytes -> FileFault? in
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = UnsafeRawBufferPointer(rebasing: rest)
          let written = pwrite(file.number, piece.baseAddress, piece.count, off_t(offset))
          if written < 0 {
            if errno == EINTR { continue }
            return FileFault(errno, "write")
          }
          // A write of nothing is how some file systems say that they are full.
          guard written > 0 else { return FileFault(.noSpace, "write") }
          offset += Int64(written)
          rest = rest.dropFirst(written)
        }
        return nil
      }
      if let fault { throw fault }
    }
  }

  /// Puts the file in its place.
  ///
  /// - Parameter expected: called with what bears the name now, in the moment before it is replaced; throws to refuse.
  /// - Returns: what the file now is, and whether it replaced something.
  func install<Refusal: Error>(
    unless expected: (Entry?) throws(Refusal) -> Void
  ) throws -> (entry: Entry, replaced: Bool) {
    let before = try place.entryIfAny()
    try expected(before)
    switch before?.kind {
    case .directory: throw FileFault(.isDirectory, "install")
    case .other: throw FileFault(.notServed, "install")
    case .file, nil: break
    }
    try tree.own(file, permissions: before?.permissions ?? 0o644)
    let replaced = try link(over: before)
    return (try file.entry(), replaced)
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

  /// Sets the modification time, in whole seconds since 1970.
  func setModified(_ seconds: Int64) throws(FileFault) {
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    let times = [time, time]
    guard futimens(file.number, times) == 0 else { throw FileFault(errno, "futimens") }
  }
}
