import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Who waits for a place of a full offer.
public struct WaitlistEntry: Hashable, Sendable {
  /// In the order of joining; assigned by the store.
  public var id: Int64
  /// SHA-256 of what the holder shows.
  public var secret: Bytes32
  public var offer: String
  /// Who shares limits.
  public var client: String
  public var request: LeaseRequest
  /// Hex of the SHA-256 of the request's body.
  public var bodyHash: String
  public var joinedAt: Instant
  /// Nothing is offered later.
  public var expiresAt: Instant
  /// The quote that the place was offered as.
  public var lease: LeaseID?
  /// Who is told when a place is held; the quote's own contacts from then on.
  public var contacts: [WaitingContact]

  public init(
    id: Int64 = 0, secret: Bytes32, offer: String, client: String, request: LeaseRequest, bodyHash: String,
    joinedAt: Instant, expiresAt: Instant, lease: LeaseID? = nil, contacts: [WaitingContact] = []
  ) {
    self.id = id
    self.secret = secret
    self.offer = offer
    self.client = client
    self.request = request
    self.bodyHash = bodyHash
    self.joinedAt = joinedAt
    self.expiresAt = expiresAt
    self.lease = lease
    self.contacts = contacts
  }
}

/// A contact of a lease that is not there yet: where it is stays sealed, under the name that it will have.
public struct WaitingContact: Hashable, Sendable, Codable {
  /// The hex of its ``ContactRecord/token``.
  public var token: String
  public var channel: String
  public var sealed: [UInt8]
  public var site: [UInt8]
  public var wantsInvoice: Bool

  public init(_ contact: ContactRecord) {
    token = contact.token.hex
    channel = contact.channel.rawValue
    sealed = contact.sealed
    site = contact.site
    wantsInvoice = contact.wantsInvoice
  }

  /// - Returns: `nil` where it was written by a daemon that knows more.
  func contact(of lease: LeaseID, at now: Instant) -> ContactRecord? {
    guard let token = TokenID(hex: token), let channel = ContactRecord.Channel(rawValue: channel) else { return nil }
    return ContactRecord(
      token: token, lease: lease, channel: channel, sealed: sealed, site: site, codeHash: nil, createdAt: now,
      confirmedAt: now, wantsInvoice: wantsInvoice)
  }
}

/// An entry, and how it stands.
public struct WaitlistView: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// In the queue.
    case waiting
    /// A place is held for its holder, who has not paid yet.
    case offered
    /// It was paid for.
    case taken
    /// The place was not paid for in time; others have it.
    case lapsed
    /// Nothing became free in time.
    case expired
  }
  public var entry: WaitlistEntry
  public var state: State
  /// From 1; `nil` where it does not wait.
  public var position: Int64?
  /// Until when the place that was offered can be paid for.
  public var offeredUntil: Instant?

  public init(entry: WaitlistEntry, state: State, position: Int64? = nil, offeredUntil: Instant? = nil) {
    self.entry = entry
    self.state = state
    self.position = position
    self.offeredUntil = offeredUntil
  }
}
