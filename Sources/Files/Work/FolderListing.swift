import Hummingbird
import Ledger
import NIOCore

/// What a folder shows, a page at a time: files and folders whose names are UTF-8.
///
/// The text is the door's: it is given each member and appends what it says of it.
public struct FolderListing: Sendable {
  public struct Member: Sendable {
    /// In the folder that is listed.
    public let place: Place
    public let entry: Entry

    public var name: String { place.name }
  }

  /// One piece: as much as is written to the client before the next is made.
  struct Page: Sendable {
    var text: ByteBuffer
    var isLast: Bool
  }

  private static let mostMembers = 256
  /// A page ends with the member that reaches it; one member's text is bounded by the door.
  static let mostBytes = 128 << 10

  private var reader: DirectoryReader
  private let lease: LeaseID
  private let serving: @Sendable () -> Bool

  /// - Parameters:
  ///   - folder: opened for reading, and read by nobody else.
  ///   - serving: whether the lease still serves; what is swept beside the listing stops when it does not.
  public init(_ folder: Descriptor, of lease: LeaseID, serving: @escaping @Sendable () -> Bool = { true }) {
    reader = DirectoryReader(folder)
    self.lease = lease
    self.serving = serving
  }

  /// The listing as an answer's body: in one piece when it is a page long, and else one page after the other, of which the
  /// next is not made before the client has taken the last.
  ///
  /// - Parameters:
  ///   - stream: watches the pages; made when the first is sent.
  ///   - count: told the bytes of what is sent in one piece.
  ///   - begin: appends what comes before the first member, end: what comes after the last one. Called on a worker's thread.
  ///   - write: appends a member; called on a worker's thread.
  public func body(
    _ stream: @escaping @Sendable () -> StreamGuard, count: (Int64) -> Void,
    beginning begin: @escaping @Sendable (inout ByteBuffer) -> Void = { _ in }, ending end: StaticString = "",
    _ write: @escaping @Sendable (Member, inout ByteBuffer) -> Void
  ) async throws -> ResponseBody {
    let (rest, made) = try await page(beginning: begin, write)
    if made.isLast {
      var first = made
      first.text.writeStaticString(end)
      count(Int64(first.text.readableBytes))
      return ResponseBody(byteBuffer: first.text)
    }
    return ResponseBody { body in
      let stream = stream()
      var (listing, page) = (rest, made)
      while true {
        if page.isLast { page.text.writeStaticString(end) }
        let bytes = page.text.readableBytes
        if bytes > 0 {
          stream.wait()
          try await body.write(page.text)
          try stream.advance(by: bytes)
        }
        if page.isLast { break }
        (listing, page) = try await listing.page(write)
      }
      try stream.finish()
      try await body.finish(nil)
    }
  }

  /// The next page, and where to go on. Remains of a crash that are met are deleted.
  func page(
    beginning begin: @escaping @Sendable (inout ByteBuffer) -> Void = { _ in },
    _ write: @escaping @Sendable (Member, inout ByteBuffer) -> Void
  ) async throws -> (FolderListing, Page) {
    try await Workers.listing(for: lease) {
      var next = self
      let page = try next.readPage(beginning: begin, write)
      return (next, page)
    }
  }

  private mutating func readPage(
    beginning begin: (inout ByteBuffer) -> Void, _ write: (Member, inout ByteBuffer) -> Void
  ) throws(FileFault) -> Page {
    var page = Page(text: ByteBufferAllocator().buffer(capacity: 8 << 10), isLast: false)
    begin(&page.text)
    // Names that are not shown count too: a folder full of links is read in pieces like any other.
    for _ in 0..<Self.mostMembers {
      guard let next = try reader.nextName() else {
        page.isLast = true
        return page
      }
      guard let name = next else { continue }
      let place = Place(folder: reader.directory, name: name)
      guard !ReservedName.isReserved(name) else {
        sweep(place)
        continue
      }
      guard let entry = try place.entryIfAny(), entry.kind != .other else { continue }
      write(Member(place: place, entry: entry), &page.text)
      if page.text.readableBytes >= Self.mostBytes { return page }
    }
    return page
  }

  private func sweep(_ place: Place) {
    // What cannot be swept now is met again by the next listing.
    guard (try? VolumeTree.mayBeSwept(place)) == true else { return }
    Workers.later(for: lease) { [serving] stop in
      // As above.
      _ = try? VolumeTree.sweep(place, stop: StopSign(pause: stop.pause) { !serving() })
    }
  }
}
