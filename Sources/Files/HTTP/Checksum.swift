import COpenSSL
import HTTPTypes
import Ledger
import Macaroons
import NIOCore
import Synchronization

/// What a client says the bytes of its upload hash to: `OC-Checksum: SHA1:<hex>` (ownCloud's header, which rclone sends
/// with `vendor=owncloud`), or `Content-MD5` (RFC 1864).
public struct Checksum: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Hashable, Sendable {
    case md5 = "MD5"
    case sha1 = "SHA1"
    case sha256 = "SHA256"

    var length: Int {
      switch self {
      case .md5: 16
      case .sha1: 20
      case .sha256: 32
      }
    }
  }

  var kind: Kind
  var bytes: [UInt8]

  init(_ kind: Kind, _ bytes: [UInt8]) {
    self.kind = kind
    self.bytes = bytes
  }

  /// `nil` when none was sent, or one of a kind that is not reckoned here (`ADLER32`).
  ///
  /// - Throws: what is malformed.
  public init?(of headers: HTTPFields) throws(BadHeader) {
    if let text = headers[.checksum] {
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw Self.malformed }
      guard let kind = Kind(rawValue: parts[0].uppercased()) else { return nil }
      guard let bytes = Hex.decode(parts[1]), bytes.count == kind.length else { throw Self.malformed }
      self.init(kind, bytes)
    } else if let text = headers[.contentMD5] {
      guard let bytes = Base64.decode(text), bytes.count == Kind.md5.length else { throw Self.malformed }
      self.init(.md5, bytes)
    } else {
      return nil
    }
  }

  private static let malformed = BadHeader("the checksum is malformed")

  /// As ownCloud writes it: `SHA1:da39a3…`.
  var text: String { kind.rawValue + ":" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

  init?(text: Substring) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let bytes = Hex.decode(parts[1]),
      bytes.count == kind.length
    else { return nil }
    self.init(kind, bytes)
  }
}

extension Checksum {
  private static let attributeName = "user.leasehold.sum"

  /// Kept with the file, for as long as it is the same: a tenant may change it in a container at any time.
  public static func keep(_ sums: [Checksum], with file: Descriptor) {
    // Without its tag a sum could not be told from that of another content: none is kept.
    guard let entry = try? file.entry() else { return }
    // A file system without attributes keeps none, and the file is as good without.
    try? file.setAttribute(Array("\(text(sums)) \(entry.etag)".utf8), named: attributeName)
  }

  /// As ownCloud writes several.
  public static func text(_ sums: [Checksum]) -> String { sums.map(\.text).joined(separator: " ") }

  /// What was kept, when the file is still what it was.
  public static func kept(at place: Place, _ entry: Entry) -> [Checksum] {
    guard let bytes = place.attribute(named: attributeName) else { return [] }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard parts.count <= Kind.allCases.count + 1, let tag = parts.last, tag == entry.etag else { return [] }
    return parts.dropLast().compactMap { Checksum(text: $0) }
  }
}

/// A bounded cache of the checksums kept with files that were read a short while ago, and of those that have none: to ask
/// the file system may mean waiting for a disk.
public final class ChecksumMemory: Sendable {
  private struct Key: Hashable {
    var lease: LeaseID
    /// Says when anything about the file has changed.
    var entry: Entry
  }

  private static let most = 4_096
  private let sums = Mutex<[Key: [Checksum]]>([:])

  public init() {}

  /// `nil` when it is not known.
  public func sums(of entry: Entry, in lease: LeaseID) -> [Checksum]? {
    sums.withLock { $0[Key(lease: lease, entry: entry)] }
  }

  public func keep(_ fresh: [Checksum], of entry: Entry, in lease: LeaseID) {
    sums.withLock { sums in
      // Forgetting costs a question.
      if sums.count >= Self.most { sums = [:] }
      sums[Key(lease: lease, entry: entry)] = fresh
    }
  }
}

/// The hashes of one upload: the one its client named, and those by which clients compare afterwards. (rclone asks for
/// MD5 where it has sent SHA1.)
public struct Digests: Sendable {
  private let expected: Checksum
  private let digests: [(kind: Checksum.Kind, digest: Digest)]

  public init(_ expected: Checksum) {
    self.expected = expected
    digests = Set([expected.kind, .sha1, .md5]).map { ($0, Digest($0)) }
  }

  public func update(_ buffer: ByteBuffer) {
    for (_, digest) in digests { digest.update(buffer) }
  }

  /// To be called once.
  ///
  /// - Returns: `nil` when what came is not what was named. What the library cannot reckon is left out.
  public func finish() -> [Checksum]? {
    let sums = digests.map { Checksum($0.kind, $0.digest.finish()) }.filter { $0.bytes.count == $0.kind.length }
    return sums.contains(expected) ? sums.sorted { $0.kind.rawValue > $1.kind.rawValue } : nil
  }
}

/// A hash being reckoned, piece by piece.
///
/// `@unchecked`: it belongs to one upload, whose pieces are written one after the other, each awaited before the next.
final class Digest: @unchecked Sendable {
  private let context: OpaquePointer?

  init(_ kind: Checksum.Kind) {
    context = leasehold_digest_begin(kind.rawValue)
  }

  deinit { leasehold_digest_free(context) }

  func update(_ buffer: ByteBuffer) {
    buffer.withUnsafeReadableBytes { leasehold_digest_update(context, $0.baseAddress, $0.count) }
  }

  /// Empty when the library does not know the kind (a system may forbid MD5): it then matches nothing.
  func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { bytes, count in
      count = leasehold_digest_finish(context, bytes.baseAddress)
    }
  }
}
