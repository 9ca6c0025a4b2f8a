import CLinux
import Glibc

extension VolumeTree {
  /// Refuses a copy that the disk cannot hold, before the first byte is copied. A courtesy: what others write meanwhile
  /// is not known, and a full disk has the last word.
  ///
  /// - Throws: `.noSpace`.
  public func makeSureOfRoom(for source: Place, contents: Bool, stop: StopSign) throws(FileFault) {
    guard let room = try room() else { return }
    var need = Need()
    func add(_ place: Place, _ entry: Entry) throws(FileFault) {
      need.bytes += min(entry.allocated, room.bytes)
      need.names += 1
      guard need.bytes <= room.bytes, need.names <= room.names else { throw FileFault(.noSpace, "room") }
    }
    let top = try source.entry()
    try add(source, top)
    guard contents, top.kind == .directory else { return }
    func reader(_ place: Place) throws(FileFault) -> DirectoryReader {
      DirectoryReader(try place.folder.open(place.name, O_RDONLY | O_DIRECTORY))
    }
    var way = [try reader(source)]
    while !way.isEmpty {
      try stop.check()
      guard let item = try way[way.count - 1].next() else {
        way.removeLast()
        continue
      }
      guard let name = item.name, !ReservedName.isReserved(name) else { continue }
      let place = Place(folder: way[way.count - 1].directory, name: name)
      guard let entry = try place.entryIfAny(), entry.kind != .other else { continue }
      try add(place, entry)
      guard entry.kind == .directory else { continue }
      guard way.count < Self.deepestCopy else { throw FileFault(.tooDeep, "copy") }
      way.append(try reader(place))
    }
  }

  private struct Need {
    var bytes: Int64 = 0
    var names: UInt64 = 0
  }

  /// What is free; `nil` where a copy shares the blocks of its source and so needs next to none.
  private func room() throws(FileFault) -> (bytes: Int64, names: UInt64)? {
    var kind = statfs()
    guard fstatfs(root.number, &kind) == 0 else { throw FileFault(errno, "fstatfs") }
    guard Int64(kind.f_type) != clinux_btrfs_magic else { return nil }
    let (bytes, overflow) = UInt64(kind.f_bavail).multipliedReportingOverflow(by: UInt64(kind.f_frsize))
    // A file system that counts no names says 0 of 0.
    return (
      min(overflow ? .max : Int64(clamping: bytes), .max / 2), kind.f_files == 0 ? .max : UInt64(kind.f_ffree)
    )
  }
}
