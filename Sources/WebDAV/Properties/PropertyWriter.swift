import Engine
import Files
import L402
import Ledger
import NIOCore
import Units

/// What is kept with a file or folder in extended attributes.
struct KeptProperties: Sendable {
  /// Its dead properties as they are stored.
  var dead: [UInt8]?
  var checksums: [Checksum] = []

  /// What the request asks for of a place; blocks.
  init(at place: Place, _ entry: Entry, for request: PropertyRequest) {
    if request.wantsDead { dead = place.attribute(named: DeadProperties.attributeName) }
    if request.wantsChecksum, entry.kind == .file { checksums = Checksum.kept(at: place, entry) }
  }

  init() {}
}

/// Writes one `response` element for each resource of a PROPFIND.
struct PropertyWriter: Sendable {
  let request: PropertyRequest
  let lease: LeaseID
  /// Where the addresses of the volume begin for who asks.
  let base: String
  let usage: VolumeUsage?
  let locks: LockTable
  let reaches: @Sendable (ResourcePath) -> Bool

  private let wanted: [Wanted]
  /// What `allprop` tells of a resource for its own sake, and of a member.
  private let common: [LiveProperty], commonOfMembers: [LiveProperty]

  private enum Wanted: Sendable {
    /// Ours; the name is for the case that this resource has none.
    case live(LiveProperty, XMLName)
    case checksums
    case dead(XMLName)
  }

  init(
    request: PropertyRequest, lease: LeaseID, base: String, usage: VolumeUsage?, locks: LockTable,
    reaches: @escaping @Sendable (ResourcePath) -> Bool
  ) {
    self.request = request
    self.lease = lease
    self.base = base
    self.usage = usage
    self.locks = locks
    self.reaches = reaches
    wanted = request.asked.map { name in
      if let live = LiveProperty(name) { return .live(live, name) }
      return name == .checksums ? .checksums : .dead(name)
    }
    let named = Set(request.asked.compactMap { LiveProperty($0) })
    common = LiveProperty.allCases.filter { $0.isCommon || named.contains($0) }
    commonOfMembers = common.filter { !$0.isKnownOfMembers || named.contains($0) }
  }

  /// A resource: where it is, and what it is.
  struct Subject: Sendable {
    /// Its path in the volume.
    var segments: [String]
    /// The same as an address, without a slash behind.
    var href: String
    var entry: Entry

    init(_ base: String, _ segments: [String], _ entry: Entry) {
      self.segments = segments
      href = Target.href(base, segments, folder: false)
      self.entry = entry
    }

    /// A member of this folder.
    func member(_ name: String, _ entry: Entry) -> Subject {
      var member = self
      member.segments.append(name)
      member.href += "/" + Target.encode(name)
      member.entry = entry
      return member
    }
  }

  /// - Parameters:
  ///   - kept: what is kept with it, as far as it was asked for.
  ///   - isMember: whether it is named because of the folder it lies in; locks from above are then told without their
  ///     owner, which is told once, with the folder.
  func write(_ subject: Subject, _ kept: KeptProperties, isMember: Bool = false, to text: inout ByteBuffer) {
    text.writeStaticString("<D:response><D:href>")
    text.writeString(subject.href)
    if subject.entry.kind == .directory { text.writeStaticString("/") }
    text.writeStaticString("</D:href>")
    let before = text.writerIndex
    text.writeStaticString("<D:propstat><D:prop>")
    let beginning = text.writerIndex
    let missing = writeFound(subject, kept, isMember, to: &text)
    if text.writerIndex == beginning, !missing.isEmpty {
      text.moveWriterIndex(to: before)
    } else {
      text.writeStaticString("</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
    }
    if !missing.isEmpty { text.writeString(Self.propstat(missing, "404 Not Found")) }
    text.writeStaticString("</D:response>\n")
  }

  /// - Returns: the elements of those that were asked for and are not there.
  private func writeFound(
    _ subject: Subject, _ kept: KeptProperties, _ isMember: Bool, to text: inout ByteBuffer
  ) -> String {
    switch request {
    case .names:
      for live in LiveProperty.allCases {
        let beginning = text.writerIndex
        guard write(live, of: subject, isMember, to: &text) else { continue }
        text.moveWriterIndex(to: beginning)
        text.writeString("<D:\(live.rawValue)/>")
      }
      for element in DeadProperties(stored: kept.dead).elements {
        Self.write(XMLElement(name: element.name), to: &text)
      }
      return ""
    case .all:
      for live in isMember ? commonOfMembers : common { _ = write(live, of: subject, isMember, to: &text) }
      if kept.dead != nil {
        for element in DeadProperties(stored: kept.dead).elements { Self.write(element, to: &text) }
      }
      return ""
    case .some: return writeWanted(subject, kept, isMember, to: &text)
    }
  }

  private func writeWanted(
    _ subject: Subject, _ kept: KeptProperties, _ isMember: Bool, to text: inout ByteBuffer
  ) -> String {
    let dead = kept.dead.map { DeadProperties(stored: $0) }
    var missing = ""
    for wanted in wanted {
      switch wanted {
      case .live(let live, let name):
        if !write(live, of: subject, isMember, to: &text) { XMLElement(name: name).write(to: &missing) }
      case .checksums where kept.checksums.isEmpty: XMLElement(name: .checksums).write(to: &missing)
      case .checksums:
        text.writeString(
          "<checksums xmlns=\"\(XMLName.checksums.namespace)\"><checksum>\(Checksum.text(kept.checksums))</checksum>"
            + "</checksums>")
      case .dead(let name):
        if let element = dead?[name] {
          Self.write(element, to: &text)
        } else {
          XMLElement(name: name).write(to: &missing)
        }
      }
    }
    return missing
  }

  private static func write(_ element: XMLElement, to text: inout ByteBuffer) {
    var written = ""
    element.write(to: &written)
    text.writeString(written)
  }

  static func propstat(_ properties: String, _ status: String) -> String {
    "<D:propstat><D:prop>\(properties)</D:prop><D:status>HTTP/1.1 \(status)</D:status></D:propstat>"
  }

  /// - Returns: whether the resource has such a property; nothing is written when it does not.
  private func write(
    _ property: LiveProperty, of subject: Subject, _ isMember: Bool, to text: inout ByteBuffer
  ) -> Bool {
    let entry = subject.entry
    let folder = entry.kind == .directory
    func put(_ value: String) {
      guard !value.isEmpty else {
        text.writeString("<D:\(property.rawValue)/>")
        return
      }
      text.writeStaticString("<D:")
      text.writeString(property.rawValue)
      text.writeStaticString(">")
      text.writeString(value)
      text.writeStaticString("</D:")
      text.writeString(property.rawValue)
      text.writeStaticString(">")
    }
    switch property {
    case .creationDate: put(Instant(unixSeconds: entry.modified.seconds).rfc3339)
    case .displayName: put(XMLText.escape(subject.segments.last ?? ""))
    case .contentLength where folder, .contentType where folder, .etag where folder: return false
    case .contentLength: put("\(entry.size)")
    case .contentType: put(MediaType(fileName: subject.segments.last ?? "").name)
    // Quotes need no escape in an element.
    case .etag: put(entry.etag)
    case .lastModified: put(HTTPDate.format(entry.modified.seconds))
    case .resourceType: put(folder ? "<D:collection/>" : "")
    case .supportedLock: put(LiveProperty.supportedLocks)
    case .lockDiscovery:
      let discovered = discovery(subject, isMember)
      // Of a member that is not locked there is nothing to tell unless it is asked for.
      if discovered.isEmpty, isMember, case .all = request { return false }
      put(discovered)
    case .quotaAvailable:
      guard let usage else { return false }
      put("\(max(0, usage.limit.count - usage.used.count))")
    case .quotaUsed:
      guard let usage else { return false }
      put("\(usage.used.count)")
    }
    return true
  }

  private func discovery(_ subject: Subject, _ isMember: Bool) -> String {
    guard locks.isAny(of: lease) else { return "" }
    let encoded = "/" + subject.segments.map(Target.encode).joined(separator: "/")
    // Encoding what was decoded cannot be refused.
    guard let path = try? ResourcePath(encoded: encoded) else { return "" }
    // A lock from above shows its token and its root to who reaches its root.
    return locks.covering(path, of: lease, at: .now).filter { reaches($0.path) }
      .map { $0.activeLock(base: base, withOwner: !isMember || $0.path == path) }.joined()
  }
}
