import CLinux
import Glibc

extension VolumeTree {
  /// Folders nested deeper than this are not copied; two descriptors are held per level.
  static let deepestCopy = 100

  /// Copies a file, or a folder with what is in it, to a place that is free or, when `overwrite`, to one that is not.
  ///
  /// The copy is made under a reserved name beside the target and put in place in one step: on a full disk nothing is
  /// half copied and what was there stays. Links, devices, pipes and sockets are left out.
  ///
  /// - Parameters:
  ///   - contents: `false` copies a folder without what is in it (`Depth: 0`).
  /// - Returns: whether something was replaced.
  /// - Throws: `.exists` when the place is taken and `overwrite` is false; `.tooDeep`, `.noSpace`.
  func copy(
    _ source: Place, to target: Place, contents: Bool, overwrite: Bool, stop: StopSign
  ) throws(FileFault) -> Bool {
    let entry = try source.entry()
    let hidden = Place(folder: target.folder, name: ReservedName.make())
    do throws(FileFault) {
      switch entry.kind {
      case .other: throw FileFault(.notServed, "copy")
      case .file: try copyFile(source, to: hidden, stop: stop)
      case .directory:
        try makeDirectory(hidden)
        copyAttribute(source, to: hidden)
        if contents { try copyContents(source, to: hidden, stop: stop) }
      }
      return try install(hidden, as: target, overwrite: overwrite, stop: stop)
    } catch {
      discard(hidden)
      throw error
    }
  }

  /// Moves a name. Both places lie in this volume.
  ///
  /// - Returns: whether something was replaced.
  func move(_ source: Place, to target: Place, overwrite: Bool, stop: StopSign) throws(FileFault) -> Bool {
    guard try source.entry().kind != .other else { throw FileFault(.notServed, "move") }
    do throws(FileFault) {
      return try install(source, as: target, overwrite: overwrite, stop: stop)
    } catch  where error.kind == .otherFileSystem {
      // A tenant may have made a subvolume inside the volume.
      let replaced = try copy(source, to: target, contents: true, overwrite: overwrite, stop: stop)
      try Self.remove(source, stop: stop)
      return replaced
    }
  }

  /// Gives a thing its name, in one step, whatever bore it before; that is then deleted.
  private func install(_ thing: Place, as target: Place, overwrite: Bool, stop: StopSign) throws(FileFault) -> Bool {
    do throws(FileFault) {
      try thing.folder.renameIfFree(thing.name, to: target.folder, target.name)
      return false
    } catch  where error.kind == .exists && overwrite {
    }
    let kinds = (try thing.entry().kind, try target.entryIfAny()?.kind)
    if kinds.0 != .directory, kinds.1 != .directory {
      try thing.folder.rename(thing.name, to: target.folder, target.name)
    } else {
      try thing.folder.exchange(thing.name, with: target.folder, target.name)
      try Self.remove(thing, stop: stop)
    }
    return true
  }

  private func copyContents(_ source: Place, to target: Place, stop: StopSign) throws(FileFault) {
    func level(_ from: Place, _ to: Place) throws(FileFault) -> (DirectoryReader, Descriptor) {
      (
        DirectoryReader(try from.folder.open(from.name, O_RDONLY | O_DIRECTORY)),
        try to.folder.open(to.name, leasehold_flag_path | O_DIRECTORY)
      )
    }
    var way = [try level(source, target)]
    while !way.isEmpty {
      try stop.check()
      guard let item = try way[way.count - 1].0.next() else {
        way.removeLast()
        continue
      }
      // A name that is not UTF-8 cannot be asked for here; it is not lost, only not copied.
      guard let name = item.name, !ReservedName.isReserved(name) else { continue }
      let from = Place(folder: way[way.count - 1].0.directory, name: name)
      let to = Place(folder: way[way.count - 1].1, name: name)
      switch try from.entryIfAny()?.kind {
      case .other, nil: continue
      case .file: try copyFile(from, to: to, stop: stop)
      case .directory:
        guard way.count < Self.deepestCopy else { throw FileFault(.tooDeep, "copy") }
        try makeDirectory(to)
        copyAttribute(from, to: to)
        way.append(try level(from, to))
      }
    }
  }

  private func copyFile(_ source: Place, to target: Place, stop: StopSign) throws(FileFault) {
    let (from, entry) = try source.openFile()
    let to = try target.folder.open(target.name, O_CREAT | O_EXCL | O_WRONLY, mode: 0o600)
    try copyBytes(from, to: to, stop: stop)
    try own(to, permissions: entry.permissions)
    copyAttribute(source, to: target)
  }

  private func copyBytes(_ from: Descriptor, to: Descriptor, stop: StopSign) throws(FileFault) {
    var offset: Int64 = 0
    while true {
      try stop.check()
      let copied = leasehold_copy_range(from.number, to.number, off_t(offset), 16 << 20)
      if copied == 0 { return }
      if copied > 0 {
        offset += Int64(copied)
        continue
      }
      switch errno {
      case EINTR: continue
      case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP: return try copyByHand(from, to: to, at: offset, stop: stop)
      default: throw FileFault(errno, "copy")
      }
    }
  }

  private func copyByHand(_ from: Descriptor, to: Descriptor, at start: Int64, stop: StopSign) throws(FileFault) {
    var bytes = [UInt8](repeating: 0, count: 256 << 10)
    var offset = start
    while true {
      try stop.check()
      let count = pread(from.number, &bytes, bytes.count, off_t(offset))
      if count == 0 { return }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw FileFault(errno, "read")
      }
      let written = pwrite(to.number, bytes, count, off_t(offset))
      guard written > 0 else {
        if written < 0, errno == EINTR { continue }
        throw written < 0 ? FileFault(errno, "write") : FileFault(.noSpace, "write")
      }
      offset += Int64(written)
    }
  }

  /// Dead properties travel with the copy (RFC 4918 §9.8.2) where the file system keeps them; "best effort" is its word.
  private func copyAttribute(_ source: Place, to target: Place) {
    if let bytes = source.attribute() { _ = try? target.setAttribute(bytes) }
  }

  /// What cannot be deleted now is swept later; the fault that brought us here is the one to report.
  private func discard(_ place: Place) {
    guard (try? place.entryIfAny()) != nil else { return }
    try? Self.remove(place, stop: .never)
  }
}
