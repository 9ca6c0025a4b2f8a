import L402
import Macaroons
import Units
import Wire

/// A lease whose credential is kept here.
public struct StoredLease: Hashable, Sendable, Codable {
  public var lease: String
  public var server: String
  public var offer: String?
  public var kind: String?
  /// When it was first kept here.
  public var since: Timestamp
  /// The provider said that it is over.
  public var isClosed: Bool
  /// What its holder calls it.
  public internal(set) var name: String?
  var macaroon: String
  /// Of a credential that somebody else must vouch for.
  var discharges: [String]?
  var preimage: String

  private enum CodingKeys: String, CodingKey {
    case lease, server, offer, kind, since, name, macaroon, discharges, preimage
    case isClosed = "closed"
  }

  init(lease: String, server: ServerAddress, credential: Credential, since: Instant) {
    self.lease = lease
    self.server = server.description
    self.since = Timestamp(since)
    isClosed = false
    macaroon = ""
    preimage = ""
    replace(credential)
  }

  public var credential: Credential? {
    guard let macaroon = Macaroon(base64: macaroon), let preimage = Preimage(hex: preimage) else { return nil }
    let discharges = (discharges ?? []).compactMap { Macaroon(base64: $0) }
    guard discharges.count == self.discharges?.count ?? 0 else { return nil }
    return Credential(macaroon: macaroon, discharges: discharges, preimage: preimage)
  }

  /// Where its credential may be shown, and nowhere else.
  public var address: ServerAddress? { ServerAddress(server) }

  mutating func replace(_ credential: Credential) {
    macaroon = Base64.encode(credential.macaroon.wire)
    discharges = credential.discharges.isEmpty ? nil : credential.discharges.map { Base64.encode($0.wire) }
    preimage = credential.preimage.hex
  }
}

extension StateDirectory {
  /// Oldest first; without those that cannot be read, which ``damagedLeases()`` names.
  ///
  /// - Parameter server: nil for those of every server.
  public func storedLeases(of server: ServerAddress?) throws(ClientError) -> [StoredLease] {
    try allLeases().readable.filter { server == nil || $0.server == server?.description }
      .sorted { ($0.since, $0.lease) < ($1.since, $1.lease) }
  }

  /// The ids of leases, of whatever server, whose file is damaged: one of them is no reason to leave the others alone.
  public func damagedLeases() throws(ClientError) -> [String] { try allLeases().damaged }

  /// What is to be kept alive. Damaged ones are among them, so that each look says what is wrong.
  public func livingLeases(of server: ServerAddress) throws(ClientError) -> [String] {
    try storedLeases(of: server).filter { !$0.isClosed }.map(\.lease) + damagedLeases()
  }

  private func allLeases() throws(ClientError) -> (readable: [StoredLease], damaged: [String]) {
    var found: (readable: [StoredLease], damaged: [String]) = ([], [])
    for name in try DurableFile.names(in: leases) where name.hasSuffix(".json") {
      let id = String(name.dropLast(5))
      guard Self.isLeaseID(id), let bytes = try DurableFile.read(leaseFile(of: id)) else { continue }
      do throws(JSONFault) {
        found.readable.append(try JSON.decode(StoredLease.self, from: bytes))
      } catch {
        found.damaged.append(id)
      }
    }
    return found
  }

  public func storedLease(_ id: String) throws(ClientError) -> StoredLease? {
    guard Self.isLeaseID(id) else { return nil }
    return try document(StoredLease.self, at: leaseFile(of: id))
  }

  /// Keeps a credential that somebody handed over, in place of an earlier one of the same lease. One that allows less
  /// than what is kept does not take its place.
  ///
  /// - Returns: whether it is kept now.
  @discardableResult
  public func keep(
    _ credential: Credential, of id: String, at server: ServerAddress, now: Instant
  ) throws(ClientError) -> Bool {
    try change(id, at: server) { kept in
      guard var lease = kept else {
        return StoredLease(lease: id, server: server, credential: credential, since: now)
      }
      if let old = lease.credential, !credential.capabilities.isSuperset(of: old.capabilities) { return nil }
      lease.replace(credential)
      return lease
    }
  }

  /// Keeps what was bought. Doing so again changes nothing: a credential that was exchanged since is not put back.
  ///
  /// - Parameters:
  ///   - fingerprint: of the credential that was kept when the invoice was asked for; nil where there was none.
  ///   - name: what a new lease is to be called.
  func keepBought(
    _ credential: Credential, of id: String, at server: ServerAddress, inPlaceOf fingerprint: String?, name: String?,
    now: Instant
  ) throws(ClientError) {
    try change(id, at: server) { (kept) throws(ClientError) in
      guard var lease = kept else {
        // Before the lease itself: a name that leads nowhere for a moment leads nobody astray.
        try rememberLast(id, at: server)
        var lease = StoredLease(lease: id, server: server, credential: credential, since: now)
        if let name, try isFree(name) { lease.name = name }
        return lease
      }
      // A file without a sound credential is mended by whatever opens the lease.
      guard let old = lease.credential else {
        lease.replace(credential)
        return lease
      }
      guard old.fingerprint == fingerprint, credential.capabilities.isSuperset(of: old.capabilities) else { return nil }
      lease.replace(credential)
      return lease
    }
  }

  /// Puts a credential in the place of the one it was exchanged for, if that is still the one that is kept.
  func exchange(
    _ old: Credential, for fresh: Credential, of id: String, at server: ServerAddress
  ) throws(ClientError) {
    try change(id, at: server) { kept in
      guard var lease = kept, lease.credential == old else { return nil }
      lease.replace(fresh)
      return lease
    }
  }

  /// What the server says of a lease of its own that is kept here; nothing for others.
  func note(_ document: LeaseDocument, at server: ServerAddress) throws(ClientError) {
    guard let kept = try storedLease(document.id), kept.server == server.description else { return }
    try change(document.id, at: server) { kept in
      guard var lease = kept else { return nil }
      lease.offer = document.offer
      lease.kind = document.kind
      lease.isClosed = document.state == "closed"
      return lease == kept ? nil : lease
    }
  }

  /// Changes the file of a lease, alone. What another server says never touches it.
  ///
  /// - Parameter change: what is to be kept; nil leaves it as it is.
  /// - Returns: whether anything was written.
  @discardableResult
  private func change(
    _ id: String, at server: ServerAddress, _ change: (StoredLease?) throws(ClientError) -> StoredLease?
  ) throws(ClientError) -> Bool {
    guard Self.isLeaseID(id) else { throw .unreadable("a lease's id is 26 letters and digits") }
    let lock = try FileLock.take(leases + "/.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    let kept = try storedLease(id)
    if let kept, kept.server != server.description { throw .otherServer(lease: id, server: kept.server) }
    guard let lease = try change(kept) else { return false }
    try DurableFile.write(JSON.encode(lease), to: leaseFile(of: id))
    return true
  }

  /// Forgets a credential. Without it nobody here can use the lease any more.
  public func forget(_ id: String) throws(ClientError) {
    guard Self.isLeaseID(id) else { return }
    try DurableFile.remove(leaseFile(of: id))
    try DurableFile.remove(autopayFile(of: id))
  }

  func leaseFile(of id: String) -> String { "\(leases)/\(id).json" }

  /// 26 lower-case letters and digits: what may stand in a path.
  static func isLeaseID(_ text: String) -> Bool {
    text.utf8.count == 26
      && text.utf8.allSatisfy {
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z"))
      }
  }
}
