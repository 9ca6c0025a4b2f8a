import Glibc

/// What has come of an upload in parts: a file under a reserved name beside its target, as long as what is received.
///
/// It survives a broken connection and a restart of the daemon, counts in the quota, and is deleted when nothing has
/// touched it for a day. One request at a time writes to it.
public final class PartialFile: Sendable {
  public let tree: VolumeTree
  /// Where it goes.
  public let place: Place
  let part: UploadPart
  public let file: Descriptor
  /// How much had come when it was opened.
  public let received: Int64

  private let hidden: Place

  /// - Parameter makes: whether to begin one where there is none.
  /// - Throws: `.busy` while another request writes to it; `.noSpace` when the whole cannot fit.
  /// - Returns: `nil` when there is none.
  public init?(_ place: Place, _ part: UploadPart, in tree: VolumeTree, makes: Bool) throws(FileFault) {
    self.tree = tree
    self.place = place
    self.part = part
    hidden = Place(folder: place.folder, name: ReservedName.partial(of: place.name, part))
    do throws(FileFault) {
      // A tenant may have put a pipe there, or hold a lease on the file: neither is waited for.
      file = try hidden.folder.open(hidden.name, O_RDWR | O_NONBLOCK | O_NOCTTY | (makes ? O_CREAT : 0), mode: 0o600)
    } catch {
      guard error.kind == .absent, !makes else { throw error }
      return nil
    }
    guard try file.entry().kind == .file else { throw FileFault(.notServed, "partial") }
    guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { throw FileFault(.busy, "flock") }
    // Whoever received it may have given it its name meanwhile.
    let entry = try file.entry()
    guard let named = try hidden.entryIfAny(), named.inode == entry.inode, named.device == entry.device else {
      throw FileFault(.busy, "partial")
    }
    received = entry.size
    guard makes else { return }
    if part.range?.lowerBound == 0, received > 0, ftruncate(file.number, 0) != 0 { throw FileFault(errno, "truncate") }
    do throws(FileFault) {
      try file.reserve(part.total)
    } catch {
      if part.range?.lowerBound == 0 { _ = unlinkat(hidden.folder.number, hidden.name, 0) }
      throw error
    }
  }

  /// Gives the whole file its name.
  ///
  /// - Parameter expected: called with what bears the name now, in the moment before it is replaced; throws to refuse.
  /// - Returns: what the file now is, and whether it replaced something.
  public func install<Refusal: Error>(
    unless expected: (Entry?) throws(Refusal) -> Void
  ) throws -> (entry: Entry, replaced: Bool) {
    try tree.install(file, at: place, unless: expected) { before throws(FileFault) in
      // Who does not hear of the end asks again, and is told by this. A file system without attributes cannot tell.
      try? hidden.setAttribute(Array(part.mark.utf8), named: Self.attributeName)
      try hidden.folder.rename(hidden.name, to: place.folder, place.name)
      return before != nil
    }
  }

  /// Lets go of what has come.
  public func remove() throws(FileFault) { try hidden.folder.unlink(hidden.name, directory: false) }

  private static let attributeName = "user.leasehold.upload"

  /// What the upload has become, when it is whole and has its name.
  public static func finished(_ place: Place, _ part: UploadPart) throws(FileFault) -> Entry? {
    guard let entry = try place.entryIfAny(), entry.kind == .file,
      place.attribute(named: attributeName).map({ $0.elementsEqual(part.mark.utf8) }) == true
    else { return nil }
    return entry
  }
}

extension ReservedName {
  private static let partialPrefix = prefix + "put-"

  static func isPartial(_ name: String) -> Bool { name.utf8.starts(with: partialPrefix.utf8) }

  /// The same for the same upload, in every process.
  static func partial(of name: String, _ part: UploadPart) -> String {
    // FNV-1a; a renter who makes two of them meet meets himself.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in "\(name)/\(part.total)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return partialPrefix + part.key + "-" + String(hash, radix: 36)
  }
}
