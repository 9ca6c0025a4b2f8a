import Wire

/// The names by which people mean a lease. None comes to mean another lease by itself: what was ended stays what it was,
/// and the name says so.
extension StateDirectory {
  /// What a name is asked for.
  public enum Use: Sendable {
    /// To look, or to get money back: one that is over serves.
    case looking
    /// To do something with the lease: one that is over is refused.
    case acting
  }

  /// The id that a person means: a whole id, a name given to it here, a beginning or an ending that only one lease known
  /// here has, or `@last` for the one rented most recently.
  ///
  /// - Parameter server: whose leases are looked through; nil for everyone's.
  public func resolve(
    _ text: String, at server: ServerAddress?, for use: Use = .looking
  ) throws(ClientError) -> String {
    let name = text.lowercased()
    if Self.isLeaseID(name) { return name }
    let known = try storedLeases(of: server)
    let found = try name == "@last" ? last(among: known, at: server) : match(name, among: known)
    if use == .acting, found.isClosed { throw .leaseOver(name: text, lease: found.lease) }
    return found.lease
  }

  private func match(_ name: String, among known: [StoredLease]) throws(ClientError) -> StoredLease {
    if let named = known.last(where: { $0.name == name }) { return named }
    // Ids begin with the time, so that those of one day look alike: their ends tell them apart, and are what narrow
    // tables show.
    let part = name.hasPrefix("…") ? String(name.dropFirst()) : name
    let matches = known.filter { !part.isEmpty && ($0.lease.hasPrefix(part) || $0.lease.hasSuffix(part)) }
    guard let match = matches.first else { throw .unknownLease(name) }
    guard matches.count == 1 else { throw .ambiguousLease(name, matches: matches.map(\.lease)) }
    return match
  }

  /// The one rented last stays it, over or forgotten, until another is rented.
  private func last(among known: [StoredLease], at server: ServerAddress?) throws(ClientError) -> StoredLease {
    let recorded = try lasts()
    let name: String? =
      if let server { recorded.byServer[server.description] } else { recorded.newest }
    // Written by a version that kept no such record.
    guard let name else {
      guard let newest = known.last else { throw .unknownLease("@last") }
      return newest
    }
    guard let lease = known.first(where: { $0.lease == name }) else { throw .noCredential(lease: name) }
    return lease
  }

  private struct Lasts: Codable {
    var byServer: [String: String] = [:]
    var newest: String?
  }

  /// Whether anything is kept of a lease, sound or not.
  public func isKept(_ id: String) throws(ClientError) -> Bool {
    guard Self.isLeaseID(id) else { return false }
    return try DurableFile.read(leaseFile(of: id)) != nil
  }

  /// Whether a name is free for a lease that is about to be bought.
  func isFree(_ name: String) throws(ClientError) -> Bool {
    try !storedLeases(of: nil).contains { $0.name == name }
  }

  private var lastsFile: String { path + "/last.json" }

  private func lasts() throws(ClientError) -> Lasts { try document(Lasts.self, at: lastsFile) ?? Lasts() }

  /// - Precondition: the lock on leases is held.
  func rememberLast(_ id: String, at server: ServerAddress) throws(ClientError) {
    var lasts = try lasts()
    lasts.byServer[server.description] = id
    lasts.newest = id
    try DurableFile.write(JSON.encode(lasts), to: lastsFile)
  }

  /// Gives a lease that is kept here a name; nil takes it away.
  ///
  /// - Throws: ``ClientError/nameTaken(_:lease:)`` when another lease that lives is called so.
  public func call(_ id: String, _ name: String?) throws(ClientError) {
    if let name { try checkName(name, for: id) }
    let lock = try FileLock.take(leases + "/.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    guard var lease = try storedLease(id) else { throw .noCredential(lease: id) }
    lease.name = name
    try DurableFile.write(JSON.encode(lease), to: leaseFile(of: id))
  }

  /// Whether a name can be given: 1 to 40 lower-case letters, digits and hyphens, not all of an id, and nobody else's,
  /// living or over.
  public func checkName(_ name: String, for id: String? = nil) throws(ClientError) {
    guard Self.isName(name) else {
      throw .state("'\(name)' is no name: 1 to 40 lower-case letters, digits and hyphens, not beginning with one")
    }
    if let other = try storedLeases(of: nil).first(where: { $0.name == name && $0.lease != id }) {
      throw .nameTaken(name, lease: other.lease)
    }
  }

  static func isName(_ text: String) -> Bool {
    (1...40).contains(text.utf8.count) && !isLeaseID(text) && text.utf8.first != UInt8(ascii: "-")
      && text.utf8.allSatisfy {
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z"))
          || $0 == UInt8(ascii: "-")
      }
  }
}
