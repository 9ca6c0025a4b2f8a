import Engine
import L402
import Ledger

/// Writes one `response` element for each resource of a PROPFIND.
struct PropertyWriter: Sendable {
  let request: PropertyRequest
  let lease: LeaseID
  let usage: VolumeUsage?
  let locks: LockTable
  let reaches: @Sendable (ResourcePath) -> Bool

  /// - Parameters:
  ///   - segments: the resource's path in the volume.
  ///   - stored: its dead properties as they are kept.
  func response(_ segments: [String], _ entry: Entry, stored: [UInt8]?) -> String {
    let folder = entry.kind == .directory
    var found = ""
    var missing = ""
    switch request {
    case .names:
      for live in LiveProperty.allCases where value(live, segments, entry) != nil { found += "<D:\(live.rawValue)/>" }
      for element in DeadProperties(stored: stored).elements { XMLElement(name: element.name).write(to: &found) }
    case .all(let including):
      for live in LiveProperty.allCases where live.isCommon || including.contains(.dav(live.rawValue)) {
        if let value = value(live, segments, entry) { found += Self.wrap(live, value) }
      }
      for element in DeadProperties(stored: stored).elements { element.write(to: &found) }
    case .some(let names):
      let dead = DeadProperties(stored: stored)
      for name in names {
        if let live = LiveProperty(name), let value = value(live, segments, entry) {
          found += Self.wrap(live, value)
        } else if let element = dead[name] {
          element.write(to: &found)
        } else {
          XMLElement(name: name).write(to: &missing)
        }
      }
    }
    var text = "<D:response><D:href>\(Target.href(lease, segments, folder: folder))</D:href>"
    if !found.isEmpty || missing.isEmpty { text += Self.propstat(found, "200 OK") }
    if !missing.isEmpty { text += Self.propstat(missing, "404 Not Found") }
    return text + "</D:response>\n"
  }

  static func propstat(_ properties: String, _ status: String) -> String {
    "<D:propstat><D:prop>\(properties)</D:prop><D:status>HTTP/1.1 \(status)</D:status></D:propstat>"
  }

  private static func wrap(_ property: LiveProperty, _ value: String) -> String {
    let name = property.rawValue
    return value.isEmpty ? "<D:\(name)/>" : "<D:\(name)>\(value)</D:\(name)>"
  }

  /// As XML; `nil` where the resource has no such property.
  private func value(_ property: LiveProperty, _ segments: [String], _ entry: Entry) -> String? {
    let folder = entry.kind == .directory
    switch property {
    case .creationDate: return HTTPDate.formatISO(entry.modified.seconds)
    case .displayName: return XMLText.escape(segments.last ?? "")
    case .contentLength: return folder ? nil : "\(entry.size)"
    case .contentType: return folder ? nil : MediaType(fileName: segments.last ?? "").name
    case .etag: return folder ? nil : XMLText.escape(entry.etag)
    case .lastModified: return HTTPDate.format(entry.modified.seconds)
    case .resourceType: return folder ? "<D:collection/>" : ""
    case .supportedLock: return LiveProperty.supportedLocks
    case .lockDiscovery:
      // Encoding what was decoded cannot be refused.
      guard let path = try? ResourcePath(encoded: "/" + segments.map(Target.encode).joined(separator: "/")) else {
        return ""
      }
      // A lock from above shows its token and its root to who reaches its root.
      return locks.covering(path, of: lease, at: .now).filter { reaches($0.path) }
        .map { $0.activeLock(lease: lease) }.joined()
    case .quotaAvailable: return usage.map { "\(max(0, $0.limit.count - $0.used.count))" }
    case .quotaUsed: return usage.map { "\($0.used.count)" }
    }
  }
}
