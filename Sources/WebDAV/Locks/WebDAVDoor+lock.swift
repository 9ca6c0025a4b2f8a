import HTTPTypes
import Hummingbird
import L402
import NIOCore

extension WebDAVDoor {
  /// Checks the `If` header and the locks before a change. Belongs on a thread that may block: entity tags are looked
  /// up.
  ///
  /// - Parameters:
  ///   - membership: whether a name appears in or vanishes from the folder around it.
  ///   - beneath: whether everything beneath the path changes too.
  /// - Throws: `412` when no list of the `If` header holds, `423` when a lock's token was not sent.
  func permit(
    _ call: Call, changing path: ResourcePath, membership: Bool, beneath: Bool = false, tree: VolumeTree
  ) throws {
    if let ifHeader = call.ifHeader, !(try holds(ifHeader, call, tree)) {
      throw DoorProblem(412, "precondition-failed", "no list of the If header holds")
    }
    let now = ContinuousClock.now
    var met = locks.covering(path, of: call.lease, at: now)
    if membership, let folder = path.folder { met += locks.covering(folder, of: call.lease, at: now) }
    if beneath { met += locks.within(path, of: call.lease, at: now) }
    let tokens = call.ifHeader?.tokens ?? []
    // Shared locks on one resource: the token of one of them is enough.
    for (root, group) in Dictionary(grouping: met, by: \.path)
    where !group.contains(where: { tokens.contains($0.token) }) {
      throw DoorProblem(423, "lock-token-submitted", "\(Self.name(root, call)) is locked")
    }
  }

  /// The root of a lock, for who may know of it.
  private static func name(_ root: ResourcePath, _ call: Call) -> String {
    guard call.admission.reaches(root) else { return "a folder around this" }
    return Target.href(call.lease, root.segments, folder: false).filter { $0 != "\"" && $0 != "\\" }
  }

  private func holds(_ header: IfHeader, _ call: Call, _ tree: VolumeTree) throws -> Bool {
    let now = ContinuousClock.now
    for list in header.lists {
      let path: ResourcePath
      if let resource = list.resource {
        let authorities = configuration.authorities.union(
          call.request.head.authority.map { [Target.normalise($0)] } ?? [])
        // An address that is not ours has no state that we know of.
        guard let target = try? Target(uri: resource, authorities: authorities), target.lease == call.lease else {
          continue
        }
        path = target.path
      } else {
        path = call.path
      }
      let locked = locks.covering(path, of: call.lease, at: now)
      let entry = try tree.entryIfAny(at: path)
      let all = list.conditions.allSatisfy { condition in
        switch condition {
        case .token(let token, let not): locked.contains { $0.token == token } != not
        case .etag(let tag, let not): (entry?.etag == tag) != not
        }
      }
      if all { return true }
    }
    return false
  }

  func lock(_ call: Call) async throws -> Response {
    let body = try await collect(call)
    let seconds = Self.seconds(call.headers[.timeout])
    guard !body.isEmpty else { return try refresh(call, seconds: seconds) }
    let depth = try Depth(call.headers, missing: .infinity)
    guard depth != .one else { throw DoorProblem(400, "bad-header", "a lock has Depth 0 or infinity") }
    let info = try parse(body)
    guard info.name == .dav("lockinfo"), let scope = info.first(.dav("lockscope")),
      info.first(.dav("locktype"))?.first(.dav("write")) != nil
    else { throw DoorProblem(422, "bad-lock", "only write locks can be taken") }
    var owner = ""
    info.first(.dav("owner"))?.write(to: &owner)
    guard owner.utf8.count <= 4096 else { throw DoorProblem(413, "too-large", "the owner is too long") }
    let lock = LockTable.Lock(
      token: LockTable.makeToken(), path: call.path, isDeep: depth == .infinity,
      isExclusive: scope.first(.dav("shared")) == nil, owner: owner, seconds: seconds,
      expires: .now + .seconds(seconds))

    switch locks.take(lock, of: call.lease, at: .now) {
    case .taken: break
    case .conflict(let path):
      throw DoorProblem(423, "no-conflicting-lock", "\(path == call.path ? "this" : "something here") is locked")
    case .tooMany: throw DoorProblem(507, "too-many-locks", "a disk has at most \(LockTable.most) locks")
    }
    do {
      let created = try await makeLocked(call)
      return Response(
        created ? .created : .ok, xml: Self.discovery([lock], of: call), headers: [.lockToken: "<\(lock.token)>"])
    } catch {
      _ = locks.release(lock.token, covering: call.path, of: call.lease, at: .now)
      throw error
    }
  }

  /// A lock on a name that nothing bears makes an empty file (RFC 4918 §7.3).
  private func makeLocked(_ call: Call) async throws -> Bool {
    try await Workers.file { () throws in
      let tree = try call.tree()
      guard let place = try Self.target(call.path, in: tree) else { return false }
      let before = try place.entryIfAny()
      guard before?.kind != .other else { throw FileFault(.notServed, "lock") }
      if let header = call.ifHeader, !(try self.holds(header, call, tree)) {
        throw DoorProblem(412, "precondition-failed", "no list of the If header holds")
      }
      guard before == nil else { return false }
      _ = try PendingFile(place, in: tree, expecting: nil).install { _ throws(FileFault) in }
      return true
    }
  }

  private func refresh(_ call: Call, seconds: Int64) throws -> Response {
    guard let header = call.ifHeader else { throw DoorProblem(400, "bad-header", "a refresh names its lock in If") }
    guard
      let lock = locks.refresh(
        header.tokens, covering: call.path, of: call.lease, seconds: seconds, at: .now, where: call.admission.reaches)
    else { throw DoorProblem(412, "lock-token-matches-request-uri", "no such lock covers this") }
    return Response(.ok, xml: Self.discovery([lock], of: call))
  }

  func unlock(_ call: Call) async throws -> Response {
    guard let text = call.headers[.lockToken], text.hasPrefix("<"), text.hasSuffix(">") else {
      throw DoorProblem(400, "bad-header", "UNLOCK needs a Lock-Token")
    }
    let token = String(text.dropFirst().dropLast())
    switch locks.release(token, covering: call.path, of: call.lease, at: .now, where: call.admission.reaches) {
    case .released: return Response(status: .noContent)
    case .unknown: throw DoorProblem(409, "lock-token-matches-request-uri", "no such lock covers this")
    case .outOfReach:
      throw DoorProblem(403, "narrowed-path", "this lock holds more than the credential reaches")
    }
  }

  /// `Second-3600, Infinite`: the first that can be read, no longer than ``LockTable/longest``.
  private static func seconds(_ header: String?) -> Int64 {
    for wish in (header ?? "").split(separator: ",") {
      let wish = wish.drop { $0 == " " }.lowercased()
      if wish.hasPrefix("infinite") { return LockTable.longest }
      if wish.hasPrefix("second-"), let seconds = UInt64(wish.dropFirst(7)) {
        return Int64(min(max(seconds, 1), UInt64(LockTable.longest)))
      }
    }
    return LockTable.longest
  }

  private static func discovery(_ locks: [LockTable.Lock], of call: Call) -> String {
    "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>" + locks.map { $0.activeLock(lease: call.lease) }.joined()
      + "</D:lockdiscovery></D:prop>\n"
  }

  /// A small XML body, whole.
  func collect(_ call: Call) async throws -> [UInt8] {
    if call.request.expectsContinue {
      throw DoorProblem(417, "bad-header", "only PUT is worth waiting for")
    }
    let stream = StreamGuard(call.channel, .receiving, call.admission, idle: configuration.idle)
    var bytes: [UInt8] = []
    do {
      stream.wait()
      for try await piece in call.request.body {
        try stream.advance(by: piece.readableBytes)
        bytes += piece.readableBytesView
        guard bytes.count <= XMLReader.longest else { throw DoorProblem(413, "too-large", "the body is too long") }
        stream.wait()
      }
    } catch {
      try stream.finish()
      throw error
    }
    try stream.finish()
    return bytes
  }

  func parse(_ body: [UInt8]) throws(DoorProblem) -> XMLElement {
    do throws(XMLReader.Fault) {
      return try XMLReader.read(body)
    } catch {
      switch error {
      case .malformed: throw DoorProblem(400, "malformed-xml", "the body is not well-formed XML")
      case .doctype: throw DoorProblem(400, "malformed-xml", "a document type declaration is refused")
      case .tooLarge: throw DoorProblem(413, "too-large", "the body is too long or too deep")
      }
    }
  }
}

extension ResourcePath {
  /// The folder around it; `nil` for the root.
  var folder: ResourcePath? {
    var segments = self.segments
    guard segments.popLast() != nil else { return nil }
    // Encoding what was decoded cannot be refused.
    return try? ResourcePath(encoded: "/" + segments.map(Target.encode).joined(separator: "/"))
  }
}
