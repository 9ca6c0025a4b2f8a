import HTTPTypes
import Hummingbird
import NIOCore
import Units

extension WebDAVDoor {
  func propfind(_ call: Call) async throws -> Response {
    let depth = try Depth(call.headers, missing: .infinity)
    let body = try await collect(call)
    let request = body.isEmpty ? PropertyRequest.all(including: []) : try PropertyRequest(parse(body))
    let (entry, stored, folder) = try await Workers.file { () throws in
      let tree = try call.tree()
      let place = try tree.place(of: call.path) ?? Place(folder: tree.root, name: ".")
      let entry = try place.entry()
      guard entry.kind != .other else { throw FileFault(.absent, "propfind") }
      let folder = entry.kind == .directory && depth == .one ? try tree.openDirectory(call.path) : nil
      return (entry, request.wantsDead ? place.attribute() : nil, folder)
    }
    guard depth != .infinity || entry.kind != .directory else {
      return Response(
        .forbidden, xml: "<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n")
    }
    let usage = request.wantsQuota ? await call.admission.usage() : nil
    let writer = PropertyWriter(
      request: request, lease: call.lease, usage: usage, locks: locks, reaches: call.admission.reaches)
    let first =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">\n"
      + writer.response(call.path.segments, entry, stored: stored)
    let last = "</D:multistatus>\n"
    let headers: HTTPFields = [.contentType: "application/xml; charset=utf-8", .cacheControl: "private, no-cache"]
    guard let folder else {
      return Response(
        status: .multiStatus, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: first + last)))
    }
    return Response(
      status: .multiStatus, headers: headers,
      body: ResponseBody { body in
        let stream = StreamGuard(call.channel, .sending, call.admission, idle: configuration.idle)
        var listing = FolderListing(folder, properties: request.wantsDead)
        var text = first
        while true {
          let (next, members) = try await listing.read()
          listing = next
          for member in members {
            text += writer.response(call.path.segments + [member.name], member.entry, stored: member.properties)
          }
          if members.isEmpty { text += last }
          stream.wait()
          try await body.write(ByteBuffer(string: text))
          try stream.advance(by: text.utf8.count)
          text = ""
          if members.isEmpty { break }
        }
        try stream.finish()
        try await body.finish(nil)
      })
  }

  /// All of a PROPPATCH is done or nothing (RFC 4918 §9.2).
  func proppatch(_ call: Call) async throws -> Response {
    let root = try parse(try await collect(call))
    guard root.name == .dav("propertyupdate") else {
      throw DoorProblem(400, "malformed-xml", "the body is no propertyupdate element")
    }
    let changes = try Self.changes(root)
    let refused = changes.contains { LiveProperty($0.element.name) != nil }
    if !refused {
      try await Workers.file { () throws in
        let tree = try call.tree()
        let place = try tree.place(of: call.path) ?? Place(folder: tree.root, name: ".")
        guard try place.entry().kind != .other else { throw FileFault(.absent, "proppatch") }
        try self.permit(call, changing: call.path, membership: false, tree: tree)
        try Commit.alone(place) {
          var properties = DeadProperties(stored: place.attribute())
          for change in changes {
            if change.sets { properties.set(change.element) } else { properties.remove(change.element.name) }
          }
          try place.setAttribute(properties.stored)
        }
      }
    }
    var done = ""
    var forbidden = ""
    for change in changes {
      let name = XMLElement(name: change.element.name)
      if refused, LiveProperty(change.element.name) != nil { name.write(to: &forbidden) } else { name.write(to: &done) }
    }
    let href = Target.href(call.lease, call.path.segments, folder: call.path.endsInSlash && !call.path.segments.isEmpty)
    var text = "<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>\(href)</D:href>"
    if !done.isEmpty { text += PropertyWriter.propstat(done, refused ? "424 Failed Dependency" : "200 OK") }
    if !forbidden.isEmpty {
      text += PropertyWriter.propstat(forbidden, "403 Forbidden").replacing(
        "</D:propstat>", with: "<D:error><D:cannot-modify-protected-property/></D:error></D:propstat>")
    }
    return Response(.multiStatus, xml: text + "</D:response></D:multistatus>\n")
  }

  private static func changes(_ root: XMLElement) throws(DoorProblem) -> [(element: XMLElement, sets: Bool)] {
    var changes: [(element: XMLElement, sets: Bool)] = []
    for part in root.elements where part.name == .dav("set") || part.name == .dav("remove") {
      for element in part.first(.dav("prop"))?.elements ?? [] {
        changes.append((element, part.name == .dav("set")))
      }
    }
    guard !changes.isEmpty, changes.count <= PropertyRequest.most else {
      throw DoorProblem(400, "malformed-xml", "a propertyupdate changes 1 to \(PropertyRequest.most) properties")
    }
    return changes
  }
}
