import Engine
import Files
import HTTPTypes
import Hummingbird
import L402
import Ledger
import NIOCore

/// One request, read and admitted.
struct Call: Sendable {
  let request: Request
  let channel: any Channel
  /// The address that it came by.
  let door: AddressedDoor?
  let target: Target
  let destination: Target?
  let ifHeader: IfHeader?
  /// The names this server is known by, to this client too.
  let authorities: Set<String>
  let admission: any Admission
  let volume: Volume

  var lease: LeaseID { target.lease }
  var path: ResourcePath { target.path }
  /// Where addresses begin in what it is answered.
  var base: String { target.base }
  var headers: HTTPFields { request.headers }

  /// Whether work on it may go on.
  var serving: @Sendable () -> Bool { { [admission] in admission.mayGoOn() } }

  /// Whether its credential reaches a path.
  var reaches: @Sendable (ResourcePath) -> Bool { { [admission] in admission.reaches($0) } }

  func tree() throws(FileFault) -> VolumeTree {
    // Dead properties travel with a copy (RFC 4918 §9.8.2); "best effort" is its word.
    try VolumeTree(volume, carrying: [DeadProperties.attributeName])
  }

  /// Watches one body of this request on its way.
  ///
  /// - Parameter isCounted: whether the meter is told; who says no tells it.
  func stream(_ direction: StreamGuard.Direction, idle: TimeAmount, isCounted: Bool = true) -> StreamGuard {
    StreamGuard(channel, direction, idle: idle, while: serving) { [admission] bytes in
      guard isCounted else { return }
      admission.count(direction == .receiving ? Traffic(ingress: bytes) : Traffic(egress: bytes))
    }
  }
}

extension Request {
  /// Whether a body is on its way, or may be.
  var hasBody: Bool {
    if headers.contains(.transferEncoding) { return true }
    guard let length = headers[.contentLength] else { return false }
    return length != "0"
  }

  /// The client waits for a word before it sends.
  var expectsContinue: Bool { headers[.expect]?.lowercased() == "100-continue" }
}

/// `Depth` (RFC 4918 §10.2).
enum Depth: Hashable, Sendable {
  case zero, one, infinity

  /// - Parameter missing: what its absence means for the method.
  init(_ headers: HTTPFields, missing: Depth) throws(DoorProblem) {
    switch headers[.depth]?.lowercased() {
    case nil: self = missing
    case "0": self = .zero
    case "1": self = .one
    case "infinity": self = .infinity
    case .some: throw DoorProblem(400, .badHeader, "Depth is 0, 1 or infinity")
    }
  }
}

extension HTTPField.Name {
  fileprivate static func named(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("a header's name is a token") }
    return name
  }

  static let depth = named("Depth")
  static let destination = named("Destination")
  static let overwrite = named("Overwrite")
  static let ifState = named("If")
  static let lockToken = named("Lock-Token")
  static let timeout = named("Timeout")
  static let dav = named("DAV")
  static let msAuthorVia = named("MS-Author-Via")
  static let contentTypeOptions = named("X-Content-Type-Options")
  static let uploadOffset = named("Upload-Offset")
  static let modificationTime = named("X-OC-Mtime")
}

extension HTTPResponse.Status {
  static let multiStatus = HTTPResponse.Status(code: 207, reasonPhrase: "Multi-Status")
}

/// The methods this door knows, and the right each of them needs.
enum DavMethod: String, CaseIterable, Sendable {
  case options = "OPTIONS"
  case get = "GET"
  case head = "HEAD"
  case propfind = "PROPFIND"
  case put = "PUT"
  case delete = "DELETE"
  case mkcol = "MKCOL"
  case copy = "COPY"
  case move = "MOVE"
  case proppatch = "PROPPATCH"
  case lock = "LOCK"
  case unlock = "UNLOCK"

  /// What it is, in the engine's table of what each action needs.
  var action: LeaseAction {
    switch self {
    case .options, .get, .head, .propfind: .readFile
    case .put, .delete, .mkcol, .proppatch, .lock, .unlock: .writeFile
    case .copy, .move: .carryFile
    }
  }

  /// Whether it takes a body and reads it to the end.
  var readsBody: Bool {
    switch self {
    case .put, .propfind, .proppatch, .lock: true
    case .options, .get, .head, .delete, .mkcol, .copy, .move, .unlock: false
    }
  }

  static let allow = allCases.map(\.rawValue).joined(separator: ", ")
}
