import Engine
import Files
import HTTPTypes
import Hummingbird
import NIOCore
import Units

extension WebDAVDoor {
  func propfind(_ call: Call) async throws -> Response {
    let depth = try Depth(call.headers, missing: .infinity)
    let body = try await collect(call)
    let found = try await Workers.file(for: call.lease) { () throws in
      let request = body.isEmpty ? PropertyRequest.all(including: []) : try PropertyRequest(self.parse(body))
      let tree = try call.tree()
      let place = try tree.place(of: call.path) ?? Place(folder: tree.root, name: ".")
      let entry = try place.entry()
      guard entry.kind != .other else { throw FileFault(.absent, "propfind") }
      try self.check(call, entry)
      if let header = call.ifHeader { try self.demand(header, call, tree) }
      let folder = entry.kind == .directory && depth == .one ? try tree.openDirectory(call.path) : nil
      return Found(
        request: request, subject: .init(call.base, call.path.segments, entry),
        kept: KeptProperties(at: place, entry, for: request), folder: folder)
    }
    guard depth != .infinity || found.subject.entry.kind != .directory else {
      return Response(
        .forbidden, xml: "<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n")
    }
    let usage = found.request.wantsQuota ? await gate.usage(of: call.lease) : nil
    let writer = PropertyWriter(
      request: found.request, lease: call.lease, base: call.base, usage: usage, locks: locks, reaches: call.reaches)
    return Response(
      status: .multiStatus,
      headers: [.contentType: "application/xml; charset=utf-8", .cacheControl: "private, no-cache"],
      body: try await multistatus(found, call, writer))
  }

  private struct Found: Sendable {
    var request: PropertyRequest
    var subject: PropertyWriter.Subject
    var kept: KeptProperties
    /// Open for listing, when its members are asked for.
    var folder: Descriptor?
  }

  private func multistatus(_ found: Found, _ call: Call, _ writer: PropertyWriter) async throws -> ResponseBody {
    @Sendable func begin(_ text: inout ByteBuffer) {
      text.writeStaticString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n")
      writer.write(found.subject, found.kept, to: &text)
    }
    guard let folder = found.folder else {
      return ResponseBody(
        byteBuffer: try await Workers.file(for: call.lease) {
          var text = ByteBuffer()
          begin(&text)
          text.writeStaticString("</D:multistatus>\n")
          return text
        })
    }
    let listing = FolderListing(folder, of: call.lease, serving: call.serving)
    return try await listing.body(
      { call.stream(.sending, idle: configuration.idle) }, count: { call.admission.count(Traffic(egress: $0)) },
      beginning: begin, ending: "</D:multistatus>\n"
    ) { member, text in
      let kept = KeptProperties(at: member.place, member.entry, for: found.request)
      writer.write(found.subject.member(member.name, member.entry), kept, isMember: true, to: &text)
    }
  }

  /// All of a PROPPATCH is done or nothing (RFC 4918 §9.2).
  func proppatch(_ call: Call) async throws -> Response {
    let body = try await collect(call)
    let text = try await Workers.file(for: call.lease) { () throws in
      let root = try self.parse(body)
      guard root.name == .dav("propertyupdate") else {
        throw DoorProblem(400, .malformedXML, "the body is no propertyupdate element")
      }
      let changes = try Self.changes(root)
      let tree = try call.tree()
      let place = try tree.place(of: call.path) ?? Place(folder: tree.root, name: ".")
      let entry = try place.entry()
      guard entry.kind != .other else { throw FileFault(.absent, "proppatch") }
      try self.check(call, entry)
      try self.permit(call, changing: call.path, membership: false, tree: tree)
      let isRefused = changes.contains(where: Self.isProtected)
      if !isRefused { try Self.apply(changes, to: place) }
      return Self.outcome(of: changes, isRefused: isRefused, call)
    }
    return Response(.multiStatus, xml: text)
  }

  /// `DAV:` is the standard's: a name in it is one of ours or nobody's (RFC 4918 §15). The one that can be set is a file's
  /// time.
  private static func isProtected(_ change: Change) -> Bool {
    let name = change.element.name
    if name == .lastModified { return !change.sets || Int64(change.element.text) == nil }
    return name.namespace == "DAV:" || name == .checksums
  }

  private typealias Change = (element: XMLElement, sets: Bool)

  private static func apply(_ changes: [Change], to place: Place) throws {
    try Commit.alone(place) {
      var properties = DeadProperties(stored: place.attribute(named: DeadProperties.attributeName))
      for change in changes where change.element.name != .lastModified {
        if change.sets { properties.set(change.element) } else { properties.remove(change.element.name) }
      }
      guard properties.elements.count <= DeadProperties.most else {
        throw DoorProblem(507, .tooManyProperties, "a file or folder has at most \(DeadProperties.most) properties")
      }
      try place.setAttribute(properties.stored, named: DeadProperties.attributeName)
      for change in changes where change.element.name == .lastModified {
        if let seconds = Int64(change.element.text) { try place.setModified(seconds) }
      }
    }
  }

  private static func outcome(of changes: [Change], isRefused refused: Bool, _ call: Call) -> String {
    var done = ""
    var forbidden = ""
    for change in changes {
      let name = XMLElement(name: change.element.name)
      if refused, isProtected(change) { name.write(to: &forbidden) } else { name.write(to: &done) }
    }
    let href = Target.href(call.base, call.path.segments, folder: call.path.endsInSlash && !call.path.segments.isEmpty)
    var text = "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>\(href)</D:href>"
    if !done.isEmpty { text += PropertyWriter.propstat(done, refused ? "424 Failed Dependency" : "200 OK") }
    if !forbidden.isEmpty {
      text += PropertyWriter.propstat(forbidden, "403 Forbidden").replacing(
        "</D:propstat>", with: "<D:error><D:cannot-modify-protected-property/></D:error></D:propstat>")
    }
    return text + "</D:response></D:multistatus>\n"
  }

  private static func changes(_ root: XMLElement) throws(DoorProblem) -> [Change] {
    var changes: [Change] = []
    for part in root.elements where part.name == .dav("set") || part.name == .dav("remove") {
      for element in part.first(.dav("prop"))?.elements ?? [] {
        changes.append((element, part.name == .dav("set")))
      }
    }
    guard !changes.isEmpty, changes.count <= PropertyRequest.most else {
      throw DoorProblem(400, .malformedXML, "a propertyupdate changes 1 to \(PropertyRequest.most) properties")
    }
    return changes
  }
}
