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
  var macaroon: String
  /// Of a credential that somebody else must vouch for.
  var discharges: [String]?
  var preimage: String

  private enum CodingKeys: String, CodingKey {
    case lease, server, offer, kind, since, macaroon, discharges, preimage
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

  mutating func replace(_ credential: Credential) {
    macaroon = Base64.encode(credential.macaroon.wire)
    discharges = credential.discharges.isEmpty ? nil : credential.discharges.map { Base64.encode($0.wire) }
    preimage = credential.preimage.hex
  }
}

extension StateDirectory {
  /// Oldest first; without those that cannot be read, which ``damagedLeases()`` names.
  public func storedLeases(of server: ServerAddress) throws(ClientError) -> [StoredLease] {
    try allLeases().readable.filter { $0.server == server.description }
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
      guard Self.isLeaseID(id), let bytes = try DurableFile.read(file(of: id)) else { continue }
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
    return try document(StoredLease.self, at: file(of: id))
  }

  /// Keeps a credential in place of an earlier one of the same lease. One that allows less than what is kept (someone
  /// paid as a stranger) does not take its place.
  public func keep(_ credential: Credential, of id: String, at server: ServerAddress, now: Instant) throws(ClientError)
  {
    guard Self.isLeaseID(id) else { throw .unreadable("a lease's id is 26 letters and digits") }
    let lock = try FileLock.take(leases + "/.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    var lease: StoredLease
    if let kept = try storedLease(id) {
      lease = kept
      if let old = kept.credential, !credential.capabilities.isSuperset(of: old.capabilities) { return }
      lease.replace(credential)
    } else {
      lease = StoredLease(lease: id, server: server, credential: credential, since: now)
    }
    try DurableFile.write(JSON.encode(lease), to: file(of: id))
  }

  /// What the server says of a lease that is kept here; nothing for others.
  func note(_ document: LeaseDocument) throws(ClientError) {
    let lock = try FileLock.take(leases + "/.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    guard var lease = try storedLease(document.id) else { return }
    let before = lease
    lease.offer = document.offer
    lease.kind = document.kind
    lease.isClosed = document.state == "closed"
    if lease != before { try DurableFile.write(JSON.encode(lease), to: file(of: document.id)) }
  }

  /// Forgets a credential. Without it nobody here can use the lease any more.
  public func forget(_ id: String) throws(ClientError) {
    guard Self.isLeaseID(id) else { return }
    try DurableFile.remove(file(of: id))
  }

  /// The id that a person means: a whole id, a beginning that only one lease known here has, or `@last` for the one
  /// rented most recently.
  public func resolve(_ name: String, at server: ServerAddress) throws(ClientError) -> String {
    let name = name.lowercased()
    if Self.isLeaseID(name) { return name }
    let known = try storedLeases(of: server)
    if name == "@last" {
      guard let last = known.last(where: { !$0.isClosed }) ?? known.last else { throw .unknownLease(name) }
      return last.lease
    }
    let matches = known.map(\.lease).filter { !name.isEmpty && $0.hasPrefix(name) }
    guard let match = matches.first else { throw .unknownLease(name) }
    guard matches.count == 1 else { throw .ambiguousLease(name, matches: matches) }
    return match
  }

  private func file(of id: String) -> String { "\(leases)/\(id).json" }

  /// 26 lower-case letters and digits: what may stand in a path.
  static func isLeaseID(_ text: String) -> Bool {
    text.utf8.count == 26
      && text.utf8.allSatisfy {
        ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z"))
      }
  }
}
