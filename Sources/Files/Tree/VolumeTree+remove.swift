import CLinux
import Glibc

extension VolumeTree {
  /// How many folders are held open on the way down.
  private static let levels = 32
  /// Each pass takes `levels` levels of depth; a tenant who goes on making folders meanwhile ends it.
  private static let passes = 8192

  /// Deletes a file, or a folder with everything in it.
  ///
  /// A folder disappears in one step, under a reserved name, and is then emptied in constant memory and with a bounded
  /// number of descriptors, however deep it is: what lies deeper than `levels` is moved up to the top and taken in the
  /// next pass. On a full volume, where a rename may find no room, it is emptied in place.
  ///
  /// - Throws: `.absent`; `.stopped` with what is left hidden, for `sweep`.
  public static func remove(_ place: Place, stop: StopSign) throws(FileFault) {
    guard try place.entry().kind == .directory else { return try place.folder.unlink(place.name, directory: false) }
    var name = place.name
    if !ReservedName.isReserved(name) {
      let hidden = ReservedName.make()
      do throws(FileFault) {
        try place.folder.renameIfFree(name, to: place.folder, hidden)
        name = hidden
      } catch  where error.kind == .noSpace || error.kind == .unsupported {
      }
    }
    try erase(Place(folder: place.folder, name: name), stop: stop)
  }

  /// Whether what bears a reserved name is nobody's any more: left by a crash and untouched for an hour, or part of an
  /// upload that nobody has gone on with for a day.
  ///
  /// - Parameter now: seconds since 1970.
  static func mayBeSwept(_ place: Place, at now: Int64 = HTTPDate.now()) throws(FileFault) -> Bool {
    let patience: Int64 = ReservedName.isPartial(place.name) ? 86_400 : 3_600
    return try place.entry().changedSeconds < now - patience
  }

  /// Deletes such a thing.
  ///
  /// - Returns: whether it was old enough.
  @discardableResult
  static func sweep(
    _ place: Place, stop: StopSign = .never, at now: Int64 = HTTPDate.now()
  ) throws(FileFault) -> Bool {
    guard try mayBeSwept(place, at: now) else { return false }
    try remove(place, stop: stop)
    return true
  }

  private static func erase(_ place: Place, stop: StopSign) throws(FileFault) {
    for _ in 0..<passes {
      try stop.check()
      try empty(try place.folder.open(place.name, O_RDONLY | O_DIRECTORY), stop: stop)
      do throws(FileFault) {
        return try place.folder.unlink(place.name, directory: true)
      } catch  where error.kind == .notEmpty || error.kind == .exists {
      }
    }
    throw FileFault(.busy, "remove")
  }

  private static func empty(_ top: Descriptor, stop: StopSign) throws(FileFault) {
    var way: [(reader: DirectoryReader, name: [CChar])] = [(DirectoryReader(top), [])]
    while !way.isEmpty {
      try stop.check()
      let folder = way[way.count - 1].reader.directory
      guard let item = try way[way.count - 1].reader.next() else {
        let (_, name) = way.removeLast()
        guard let above = way.last?.reader.directory else { return }
        // Not empty: something deeper was moved up, or a tenant is at work. The next pass sees.
        if unlinkat(above.number, name, AT_REMOVEDIR) != 0, errno != ENOTEMPTY, errno != EEXIST, errno != ENOENT {
          throw FileFault(errno, "rmdir")
        }
        continue
      }
      guard unlinkat(folder.number, item.rawName, 0) != 0 else { continue }
      switch errno {
      case ENOENT: continue
      // Linux answers EISDIR for a folder; POSIX says EPERM.
      case EISDIR, EPERM: try descend(into: item.rawName, of: folder, top: top, way: &way)
      default: throw FileFault(errno, "unlink")
      }
    }
  }

  private static func descend(
    into name: [CChar], of folder: Descriptor, top: Descriptor, way: inout [(reader: DirectoryReader, name: [CChar])]
  ) throws(FileFault) {
    if unlinkat(folder.number, name, AT_REMOVEDIR) == 0 { return }
    guard errno == ENOTEMPTY || errno == EEXIST else { throw FileFault(errno, "rmdir") }
    guard way.count < levels else {
      guard renameat(folder.number, name, top.number, ReservedName.make()) == 0 else {
        throw FileFault(errno, "rename")
      }
      return
    }
    let file = leasehold_open_beneath(folder.number, name, O_RDONLY | O_DIRECTORY, 0)
    guard file >= 0 else {
      if errno == ENOENT || errno == ELOOP || errno == ENOTDIR { return }
      throw FileFault(errno, "open")
    }
    way.append((DirectoryReader(Descriptor(owning: file)), name))
  }
}
