import CLinux
import Glibc

extension VolumeTree {
  /// Deletes everywhere what is nobody's any more: see `mayBeSwept`. A listing does so for the folder that it
  /// shows; this is for a disk that is full, of what lies where nobody looks perhaps.
  public func sweepAll(stop: StopSign, at now: Int64 = HTTPDate.now()) throws(FileFault) {
    var way = [DirectoryReader(try root.open(".", O_RDONLY | O_DIRECTORY))]
    while !way.isEmpty {
      try stop.check()
      guard let item = try way[way.count - 1].next() else {
        way.removeLast()
        continue
      }
      guard let name = item.name else { continue }
      let place = Place(folder: way[way.count - 1].directory, name: name)
      guard !ReservedName.isReserved(name) else {
        // What cannot be swept, or is gone, keeps nobody from the rest.
        _ = try? Self.sweep(place, stop: stop, at: now)
        continue
      }
      // What cannot be looked at is gone, or is met again by the next sweep.
      guard way.count < Self.deepestCopy, (try? place.entryIfAny())?.kind == .directory else { continue }
      // Gone or no folder any more: a tenant is at work.
      guard let folder = try? place.folder.open(name, O_RDONLY | O_DIRECTORY) else { continue }
      way.append(DirectoryReader(folder))
    }
  }
}
