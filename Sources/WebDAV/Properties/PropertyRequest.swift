/// The body of a PROPFIND (RFC 4918 §14.20).
enum PropertyRequest: Hashable, Sendable {
  /// All dead properties, the usual live ones, and what is included.
  case all(including: [XMLName])
  case names
  case some([XMLName])

  /// The most properties one request may name, and the most bytes of names: they are answered for every member.
  static let most = 128
  static let longest = 8 << 10

  init(_ root: XMLElement) throws(DoorProblem) {
    guard root.name == .dav("propfind") else {
      throw DoorProblem(400, .malformedXML, "the body is no propfind element")
    }
    if let prop = root.first(.dav("prop")) {
      self = .some(prop.elements.map(\.name))
    } else if root.first(.dav("propname")) != nil {
      self = .names
    } else if root.first(.dav("allprop")) != nil {
      self = .all(including: root.first(.dav("include"))?.elements.map(\.name) ?? [])
    } else {
      throw DoorProblem(400, .malformedXML, "a propfind asks for something")
    }
    guard asked.count <= Self.most,
      asked.reduce(0, { $0 + $1.namespace.utf8.count + $1.local.utf8.count }) <= Self.longest
    else { throw DoorProblem(413, .tooLarge, "too many properties") }
  }

  /// The names it spells out.
  var asked: [XMLName] {
    switch self {
    case .all(let names), .some(let names): names
    case .names: []
    }
  }

  var wantsQuota: Bool { asked.contains { $0 == .dav("quota-available-bytes") || $0 == .dav("quota-used-bytes") } }

  var wantsChecksum: Bool { asked.contains(.checksums) }

  /// Whether stored properties have to be read.
  var wantsDead: Bool {
    switch self {
    case .all, .names: true
    case .some(let names): names.contains { LiveProperty($0) == nil && $0 != .checksums }
    }
  }
}
