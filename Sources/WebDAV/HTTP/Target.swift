import Engine
import Files
import HTTPServing
import HTTPTypes
import L402
import Ledger
import Text

/// What a request line or a `Destination` points at: a lease and a path in its volume.
struct Target: Hashable, Sendable {
  static let prefix = DoorPrefix("/dav")

  var lease: LeaseID
  var path: ResourcePath
  /// Where the addresses of the volume begin for who asked: `/dav/{lease}`, or the address that he came by.
  var base: String

  /// Reads the path of a request line.
  ///
  /// - Parameter door: the address that the request came by.
  init(requestPath: String, at door: AddressedDoor? = nil) throws(DoorProblem) {
    guard !requestPath.utf8.contains(UInt8(ascii: "#")) else {
      throw DoorProblem(400, .badPath, "a request names no fragment")
    }
    let path = requestPath.utf8.prefix { $0 != UInt8(ascii: "?") }
    let parsed: ResourcePath
    do throws(ResourcePath.Fault) {
      parsed = try ResourcePath(encoded: Substring(path))
    } catch {
      throw DoorProblem(400, .badPath, "the path is refused: \(error)")
    }
    self = try Self.split(parsed, door)
  }

  /// Reads an absolute URI or absolute path that has to lie on this server.
  ///
  /// - Parameter authorities: the host names, with port, that are this server.
  /// - Throws: `502` for another server (RFC 4918 §9.8.5), `400` for what is no address.
  init(uri: String, authorities: Set<String>, at door: AddressedDoor? = nil) throws(DoorProblem) {
    guard !uri.utf8.contains(where: { $0 == UInt8(ascii: "#") || $0 == UInt8(ascii: "?") || $0 <= 0x20 }) else {
      throw DoorProblem(400, .badPath, "an address in a header has no query, fragment or space")
    }
    if uri.first != "/" || uri.hasPrefix("//") {
      guard let authority = Self.authority(of: uri) else {
        throw DoorProblem(400, .badPath, "an address in a header is absolute")
      }
      guard authorities.contains(authority) else {
        throw DoorProblem(502, .otherServer, "the destination is another server")
      }
    }
    let parsed: ResourcePath
    do throws(ResourcePath.Fault) {
      parsed = try ResourcePath(uri: uri)
    } catch {
      throw DoorProblem(400, .badPath, "the path is refused: \(error)")
    }
    self = try Self.split(parsed, door)
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

  private static func split(_ path: ResourcePath, _ door: AddressedDoor?) throws(DoorProblem) -> Target {
    let segments = path.segments
    let (lease, base): (LeaseID, String)
    if let door, segments.count >= 2, "/" + segments[0] == AddressedDoor.prefix, segments[1] == door.secret {
      (lease, base) = (door.address.lease, AddressedDoor.base(of: door.secret))
    } else {
      guard segments.count >= 2, "/" + segments[0] == prefix.path else {
        throw DoorProblem(404, .notFound, "files are at \(prefix.path)/{lease}/")
      }
      guard let named = LeaseID(segments[1]) else { throw DoorProblem(404, .unknownLease, "this is no lease") }
      (lease, base) = (named, "\(prefix.path)/\(named)")
    }
    let around: ResourcePath
    do throws(ResourcePath.Fault) {
      around = try ResourcePath(encoded: base)
    } catch {
      throw DoorProblem(404, .unknownLease, "this is no lease")
    }
    guard let inside = path.relative(to: around) else {
      throw DoorProblem(404, .notFound, "files are at \(prefix.path)/{lease}/")
    }
    guard !inside.segments.contains(where: ReservedName.isReserved) else {
      throw DoorProblem(403, .reservedName, "names that begin with \(ReservedName.prefix) are the server's")
    }
    return Target(lease: lease, path: inside, base: base)
  }

  private init(lease: LeaseID, path: ResourcePath, base: String) {
    self.lease = lease
    self.path = path
    self.base = base
  }

  /// The address of a path, percent-encoded; folders end in a slash.
  ///
  /// - Parameter base: where the addresses of the volume begin.
  static func href(_ base: String, _ segments: some Sequence<String>, folder: Bool) -> String {
    var text = base
    for segment in segments { text += "/" + encode(segment) }
    return folder ? text + "/" : text
  }

  static func encode(_ segment: String) -> String { PercentCoding.encode(segment) }
}
