import Files
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
    if let ifHeader = call.ifHeader { try demand(ifHeader, call, tree) }
    let now = ContinuousClock.now
    var met = locks.covering(path, of: call.lease, at: now)
    if membership, let folder = path.folder { met += locks.covering(folder, of: call.lease, at: now) }
    if beneath { met += locks.within(path, of: call.lease, at: now) }
    try submitted(met, call)
  }

  /// The same for a name that a lock has just been taken on: it appears in a folder that may be locked by others.
  private func permitMember(_ call: Call, tree: VolumeTree) throws {
    if let ifHeader = call.ifHeader { try demand(ifHeader, call, tree) }
    guard let folder = call.path.folder else { return }
    try submitted(locks.covering(folder, of: call.lease, at: .now), call)
  }

  /// - Throws: `412` when no list of the header holds. It is a condition on every method (RFC 4918 §10.4.1).
  func demand(_ header: IfHeader, _ call: Call, _ tree: VolumeTree) throws {
    guard try holds(header, call, tree) else {
      throw DoorProblem(412, .preconditionFailed, "no list of the If header holds")
    }
  }

  /// The conditional headers of HTTP, for methods that are neither GET nor HEAD.
  ///
  /// - Throws: `412`.
  func check(_ call: Call, _ entry: Entry?) throws(DoorProblem) {
    guard Conditions(call.headers).verdict(on: entry, reading: false) == .proceed else { throw Self.changed }
  }

  private func submitted(_ met: [LockTable.Lock], _ call: Call) throws {
    let tokens = call.ifHeader?.tokens ?? []
    // Shared locks on one resource: the token of one of them is enough.
    for (root, group) in Dictionary(grouping: met, by: \.path)
    where !group.contains(where: { tokens.contains($0.token) }) {
      throw DoorProblem(423, .lockTokenSubmitted, "\(Self.name(root, call)) is locked")
    }
  }

  /// The root of a lock, for who may know of it.
  private static func name(_ root: ResourcePath, _ call: Call) -> String {
    guard call.admission.reaches(root) else { return "a folder around this" }
    return Target.href(call.base, root.segments, folder: false).filter { $0 != "\"" && $0 != "\\" }
  }

  private func holds(_ header: IfHeader, _ call: Call, _ tree: VolumeTree) throws -> Bool {
    let now = ContinuousClock.now
    for list in header.lists {
      let path: ResourcePath
      if let resource = list.resource {
        // An address that is not ours has no state that we know of.
        guard let target = try? Target(uri: resource, authorities: call.authorities, at: call.door),
          target.lease == call.lease
        else {
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
    guard !body.isEmpty else { return try await refresh(call, seconds: seconds) }
    let depth = try Depth(call.headers, missing: .infinity)
    guard depth != .one else { throw DoorProblem(400, .badHeader, "a lock has Depth 0 or infinity") }
    return try await Workers.file(for: call.lease) { () throws in
      let (owner, isExclusive) = try self.wish(in: body)
      let lock = LockTable.Lock(
        token: LockTable.makeToken(), path: call.path, isDeep: depth == .infinity, isExclusive: isExclusive,
        owner: owner, seconds: seconds, expires: .now + .seconds(seconds))
      switch self.locks.take(lock, of: call.lease, at: .now) {
      case .taken: break
      case .conflict(let path):
        throw DoorProblem(423, .noConflictingLock, "\(path == call.path ? "this" : "something here") is locked")
      case .tooMany: throw DoorProblem(507, .tooManyLocks, LockTable.bounds)
      }
      do {
        let created = try self.makeLocked(call)
        return Response(
          created ? .created : .ok, xml: Self.discovery([lock], of: call), headers: [.lockToken: "<\(lock.token)>"])
      } catch {
        _ = self.locks.release(lock.token, covering: call.path, of: call.lease, at: .now)
        throw error
      }
    }
  }

  /// What a `lockinfo` element asks for (RFC 4918 §14.11).
  private func wish(in body: [UInt8]) throws(DoorProblem) -> (owner: String, isExclusive: Bool) {
    let info = try parse(body)
    guard info.name == .dav("lockinfo"), let scope = info.first(.dav("lockscope")),
      info.first(.dav("locktype"))?.first(.dav("write")) != nil
    else { throw DoorProblem(422, .badLock, "only write locks can be taken") }
    var owner = ""
    info.first(.dav("owner"))?.write(to: &owner)
    guard owner.utf8.count <= LockTable.longestOwner else {
      throw DoorProblem(413, .tooLarge, "a lock's owner has at most \(LockTable.longestOwner) bytes")
    }
    return (owner, scope.first(.dav("shared")) == nil)
  }

  /// A lock on a name that nothing bears makes an empty file (RFC 4918 §7.3).
  private func makeLocked(_ call: Call) throws -> Bool {
    let tree = try call.tree()
    guard let place = try Self.target(call.path, in: tree) else {
      try check(call, try tree.root.entry())
      if let header = call.ifHeader { try demand(header, call, tree) }
      return false
    }
    let before = try place.entryIfAny()
    guard before?.kind != .other else { throw FileFault(.notServed, "lock") }
    try check(call, before)
    // A new name changes the folder around it, which may be locked by somebody else.
    guard before == nil else {
      if let header = call.ifHeader { try demand(header, call, tree) }
      return false
    }
    try permitMember(call, tree: tree)
    _ = try PendingFile(place, in: tree, expecting: nil).install { _ throws(FileFault) in }
    return true
  }

  private func refresh(_ call: Call, seconds: Int64) async throws -> Response {
    guard let header = call.ifHeader else { throw DoorProblem(400, .badHeader, "a refresh names its lock in If") }
    try await checkPresent(call)
    guard
      let lock = locks.refresh(
        header.tokens, covering: call.path, of: call.lease, seconds: seconds, at: .now, where: call.reaches)
    else { throw DoorProblem(412, .lockTokenMatchesRequestUri, "no such lock covers this") }
    return Response(.ok, xml: Self.discovery([lock], of: call))
  }

  func unlock(_ call: Call) async throws -> Response {
    guard let text = call.headers[.lockToken], text.hasPrefix("<"), text.hasSuffix(">") else {
      throw DoorProblem(400, .badHeader, "UNLOCK needs a Lock-Token")
    }
    let token = String(text.dropFirst().dropLast())
    try await checkPresent(call)
    switch locks.release(token, covering: call.path, of: call.lease, at: .now, where: call.reaches) {
    case .released: return Response(status: .noContent)
    case .unknown: throw DoorProblem(409, .lockTokenMatchesRequestUri, "no such lock covers this")
    case .outOfReach:
      throw DoorProblem(403, .narrowedPath, "this lock holds more than the credential reaches")
    }
  }

  /// The conditions of a request that changes nothing but a lock.
  private func checkPresent(_ call: Call) async throws {
    try await Workers.file(for: call.lease) { () throws in
      let tree = try call.tree()
      try self.check(call, try tree.entryIfAny(at: call.path))
      if let header = call.ifHeader { try self.demand(header, call, tree) }
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
    "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>" + locks.map { $0.activeLock(base: call.base) }.joined()
      + "</D:lockdiscovery></D:prop>\n"
  }

  /// A small XML body, whole.
  func collect(_ call: Call) async throws -> [UInt8] {
    guard call.request.hasBody else { return [] }
    try await invite(call)
    let stream = call.stream(.receiving, idle: configuration.idle)
    var bytes: [UInt8] = []
    do {
      stream.wait()
      for try await piece in call.request.body {
        try stream.advance(by: piece.readableBytes)
        bytes += piece.readableBytesView
        guard bytes.count <= XMLReader.longest else { throw DoorProblem(413, .tooLarge, "the body is too long") }
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
      case .malformed: throw DoorProblem(400, .malformedXML, "the body is not well-formed XML")
      case .doctype: throw DoorProblem(400, .malformedXML, "a document type declaration is refused")
      case .tooLarge: throw DoorProblem(413, .tooLarge, "the body is too long or too deep")
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
