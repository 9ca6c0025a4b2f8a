import Engine

/// The properties this server keeps itself (RFC 4918 §15, RFC 4331).
enum LiveProperty: String, CaseIterable, Sendable {
  case creationDate = "creationdate"
  case displayName = "displayname"
  case contentLength = "getcontentlength"
  case contentType = "getcontenttype"
  case etag = "getetag"
  case lastModified = "getlastmodified"
  case resourceType = "resourcetype"
  case supportedLock = "supportedlock"
  case lockDiscovery = "lockdiscovery"
  case quotaAvailable = "quota-available-bytes"
  case quotaUsed = "quota-used-bytes"

  init?(_ name: XMLName) {
    guard name.namespace == "DAV:" else { return nil }
    self.init(rawValue: name.local)
  }

  /// Part of `allprop`. The quota is not (RFC 4331 §2), for it may cost a question to the driver.
  var isCommon: Bool {
    switch self {
    case .quotaAvailable, .quotaUsed: false
    case .creationDate, .displayName, .contentLength, .contentType, .etag, .lastModified, .resourceType,
      .supportedLock, .lockDiscovery:
      true
    }
  }

  /// What `allprop` leaves out of a folder's members: its address, its folder or another property says the same of each of
  /// ten thousand. Whoever names it gets it.
  var isKnownOfMembers: Bool {
    switch self {
    case .creationDate, .displayName, .supportedLock: true
    case .contentLength, .contentType, .etag, .lastModified, .resourceType, .lockDiscovery, .quotaAvailable, .quotaUsed:
      false
    }
  }

  static let supportedLocks =
    ["exclusive", "shared"].map {
      "<D:lockentry><D:lockscope><D:\($0)/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>"
    }.joined()
}
