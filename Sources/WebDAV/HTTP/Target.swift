import HTTPTypes
import L402
import Ledger

/// What a request line or a `Destination` points at: a lease and a path in its volume.
struct Target: Hashable, Sendable {
  static let prefix = "/dav"

  var lease: LeaseID
  var path: ResourcePath

  /// Whether a request path belongs to this door.
  static func answers(_ path: String?) -> Bool {
    guard let path else { return false }
    let utf8 = path.utf8.prefix { $0 != UInt8(ascii: "?") }
    return utf8.elementsEqual(prefix.utf8) || utf8.starts(with: (prefix + "/").utf8)
  }

  /// Reads the path of a request line.
  init(requestPath: String) throws(DoorProblem) {
    guard !requestPath.utf8.contains(UInt8(ascii: "#")) else {
      throw DoorProblem(400, "bad-path", "a request names no fragment")
    }
    let path = requestPath.utf8.prefix { $0 != UInt8(ascii: "?") }
    let parsed: ResourcePath
    do throws(ResourcePath.Fault) {
      parsed = try ResourcePath(encoded: Substring(path))
    } catch {
      throw DoorProblem(400, "bad-path", "the path is refused: \(error)")
    }
    self = try Self.split(parsed)
  }

  /// Reads an absolute URI or absolute path that has to lie on this server.
  ///
  /// - Parameter authorities: the host names, with port, that are this server.
  /// - Throws: `502` for another server (RFC 4918 §9.8.5), `400` for what is no address.
  init(uri: String, authorities: Set<String>) throws(DoorProblem) {
    guard !uri.utf8.contains(where: { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "?") || $0 <= 0x20 }) else {
      throw DoorProblem(400, "bad-path", "an address in a header has no query, fragment or space")
    }
    if uri.first != "/" || uri.hasPrefix("//") {
      guard let authority = Self.authority(of: uri) else {
        throw DoorProblem(400, "bad-path", "an address in a header is absolute")
      }
      guard authorities.contains(authority) else {
        throw DoorProblem(502, "other-server", "the destination is another server")
      }
    }
    let parsed: ResourcePath
    do throws(ResourcePath.Fault) {
      parsed = try ResourcePath(uri: uri)
    } catch {
      throw DoorProblem(400, "bad-path", "the path is refused: \(error)")
    }
    self = try Self.split(parsed)
  }

  /// In lower case and without a default port; `nil` when there is no scheme we speak.
  private static func authority(of uri: String) -> String? {
    let lowered = uri.lowercased()
    for scheme in ["http://", "https://", "//"] where lowered.hasPrefix(scheme) {
      return normalise(String(lowered.dropFirst(scheme.count).prefix { $0 != "/" }))
    }
    return nil
  }

  /// Hosts compare without case and default port.
  static func normalise(_ authority: String) -> String {
    let lowered = authority.lowercased()
    for port in [":80", ":443"] where lowered.hasSuffix(port) { return String(lowered.dropLast(port.count)) }
    return lowered
  }

  private static func split(_ path: ResourcePath) throws(DoorProblem) -> Target {
    let segments = path.segments
    guard segments.count >= 2, "/" + segments[0] == prefix else {
      throw DoorProblem(404, "not-found", "files are at \(prefix)/{lease}/")
    }
    guard let lease = LeaseID(segments[1]) else { throw DoorProblem(404, "unknown-lease", "this is no lease") }
    let around: ResourcePath
    do throws(ResourcePath.Fault) {
      around = try ResourcePath(encoded: "\(prefix)/\(lease)")
    } catch {
      throw DoorProblem(404, "unknown-lease", "this is no lease")
    }
    guard let inside = path.relative(to: around) else {
      throw DoorProblem(404, "not-found", "files are at \(prefix)/{lease}/")
    }
    guard !inside.segments.contains(where: ReservedName.isReserved) else {
      throw DoorProblem(403, "reserved-name", "names that begin with \(ReservedName.prefix) are the server's")
    }
    return Target(lease: lease, path: inside)
  }

  private init(lease: LeaseID, path: ResourcePath) {
    self.lease = lease
    self.path = path
  }

  /// The address of a path, percent-encoded; folders end in a slash.
  static func href(_ lease: LeaseID, _ segments: some Sequence<String>, folder: Bool) -> String {
    var text = "\(prefix)/\(lease)"
    for segment in segments { text += "/" + encode(segment) }
    return folder ? text + "/" : text
  }

  static func encode(_ segment: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in segment.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
