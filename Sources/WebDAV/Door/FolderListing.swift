/// What a folder shows, some hundred members at a time: files and folders whose names are UTF-8.
struct FolderListing: Sendable {
  struct Member: Sendable {
    var name: String
    var entry: Entry
    /// Its dead properties as they are stored, when they were asked for.
    var properties: [UInt8]?
  }

  private static let batch = 256

  private var reader: DirectoryReader
  private let wantsProperties: Bool

  /// - Parameter folder: opened for reading, and read by nobody else.
  init(_ folder: Descriptor, properties: Bool = false) {
    reader = DirectoryReader(folder)
    wantsProperties = properties
  }

  /// The next members, and where to go on; none at the end. Remains of a crash that are met are deleted.
  func read() async throws -> (FolderListing, [Member]) {
    try await Workers.file {
      var next = self
      let members = try next.readBatch()
      return (next, members)
    }
  }

  private mutating func readBatch() throws(FileFault) -> [Member] {
    var members: [Member] = []
    while members.count < Self.batch, let item = try reader.next() {
      guard let name = item.name else { continue }
      let place = Place(folder: reader.directory, name: name)
      guard !ReservedName.isReserved(name) else {
        Self.sweep(place)
        continue
      }
      guard let entry = try place.entryIfAny(), entry.kind != .other else { continue }
      members.append(Member(name: name, entry: entry, properties: wantsProperties ? place.attribute() : nil))
    }
    return members
  }

  private static func sweep(_ place: Place) {
    // What cannot be swept now is met again by the next listing.
    Workers.later { _ = try? VolumeTree.sweep(place) }
  }
}
