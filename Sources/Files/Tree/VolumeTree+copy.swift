import CLinux
import Glibc

extension VolumeTree {
  /// Folders nested deeper than this are not copied; two descriptors are held per level.
  public static let deepestCopy = 100

  /// Copies a file, or a folder with what is in it, to a place that is free or, when `overwrite`, to one that is not.
  ///
  /// The copy is made under a reserved name beside the target and put in place in one step: on a full disk nothing is
  /// half copied and what was there stays. Links, devices, pipes and sockets are left out.
  ///
  /// - Parameters:
  ///   - contents: `false` copies a folder without what is in it (`Depth: 0`).
  /// - Returns: whether something was replaced.
  /// - Throws: `.exists` when the place is taken and `overwrite` is false; `.tooDeep`, `.noSpace`.
  public func copy(
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
        copyAttributes(source, to: hidden)
        if contents { try copyContents(source, to: hidden, stop: stop) }
      }
      return try install(hidden, as: target, overwrite: overwrite, stop: stop)
    } catch {
      discard(hidden, stop)
      throw error
    }
  }

  /// Moves a name. Both places lie in this volume.
  ///
  /// - Returns: whether something was replaced.
  public func move(_ source: Place, to target: Place, overwrite: Bool, stop: StopSign) throws(FileFault) -> Bool {
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
        copyAttributes(from, to: to)
        way.append(try level(from, to))
      }
    }
  }

  private func copyFile(_ source: Place, to target: Place, stop: StopSign) throws(FileFault) {
    let (from, entry) = try source.openFile()
    let to = try target.folder.open(target.name, O_CREAT | O_EXCL | O_WRONLY, mode: 0o600)
    try copyBytes(from, to: to, length: entry.size, stop: stop)
    try own(to, permissions: entry.permissions)
    copyAttributes(source, to: target)
  }

  /// What is in the file, and not the holes between: their length is a number that costs a tenant nothing.
  private func copyBytes(_ from: Descriptor, to: Descriptor, length: Int64, stop: StopSign) throws(FileFault) {
    var offset: Int64 = 0
    while offset < length {
      try stop.check()
      guard let data = try nextData(of: from, at: offset, before: length) else { break }
      try copyRange(data, from, to: to, stop: stop)
      offset = data.upperBound
    }
    guard ftruncate(to.number, off_t(length)) == 0 else { throw FileFault(errno, "truncate") }
  }

  private func nextData(of file: Descriptor, at offset: Int64, before end: Int64) throws(FileFault) -> Range<Int64>? {
    let start = clinux_next_data(file.number, offset)
    guard start >= 0 else {
      switch errno {
      case ENXIO: return nil
      case EINVAL, EOPNOTSUPP, ENOTSUP: return offset..<end
      default: throw FileFault(errno, "seek")
      }
    }
    guard start < end else { return nil }
    let hole = clinux_next_hole(file.number, start)
    // A tenant who shortens the file meanwhile ends it here.
    return start..<(hole > start ? min(hole, end) : end)
  }

  private func copyRange(_ data: Range<Int64>, _ from: Descriptor, to: Descriptor, stop: StopSign) throws(FileFault) {
    var offset = data.lowerBound
    while offset < data.upperBound {
      try stop.check()
      let count = min(data.upperBound - offset, Int64(16 << 20))
      let copied = leasehold_copy_range(from.number, to.number, off_t(offset), Int(count))
      if copied == 0 { return }
      if copied > 0 {
        offset += Int64(copied)
        continue
      }
      switch errno {
      case EINTR: continue
      case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP:
        return try copyByHand(from, to: to, offset..<data.upperBound, stop: stop)
      default: throw FileFault(errno, "copy")
      }
    }
  }

  private func copyByHand(
    _ from: Descriptor, to: Descriptor, _ data: Range<Int64>, stop: StopSign
  ) throws(FileFault) {
    var bytes = [UInt8](repeating: 0, count: 256 << 10)
    var offset = data.lowerBound
    while offset < data.upperBound {
      try stop.check()
      let count = pread(from.number, &bytes, min(bytes.count, Int(data.upperBound - offset)), off_t(offset))
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

  /// Where the file system keeps them; a copy is as good without.
  private func copyAttributes(_ source: Place, to target: Place) {
    for name in carried {
      // What cannot be set there is left out.
      if let bytes = source.attribute(named: name) { _ = try? target.setAttribute(bytes, named: name) }
    }
  }

  /// What cannot be deleted now is swept later; the fault that brought us here is the one to report.
  private func discard(_ place: Place, _ stop: StopSign) {
    // What cannot be looked at is not there, or is swept later.
    guard (try? place.entryIfAny()) != nil else { return }
    // It is swept later.
    try? Self.remove(place, stop: stop.unraised)
  }
}
