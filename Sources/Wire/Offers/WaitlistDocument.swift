/// An entry of a full offer's waitlist: `POST /v1/offers/{offer}/waitlist`, `GET /v1/waitlist/{ticket}`, and for the
/// provider `GET /admin/v1/waitlist`.
public struct WaitlistDocument: Hashable, Sendable, SnakeCased {
  /// What its holder shows; a secret, told once.
  public var ticket: String?
  public var offer: String
  /// `waiting offered taken lapsed expired`.
  public var state: String
  /// From 1; only while it waits.
  public var position: Int64?
  public var joinedAt: Timestamp
  /// Nothing is offered later.
  public var expiresAt: Timestamp
  /// The quote that the place was offered as.
  public var lease: String?
  /// Until when that can be paid for.
  public var offeredUntil: Timestamp?
  /// Who is told when a place is held; only in the answer to who joined.
  public var contacts: [ContactDocument]?
  public var links: [String: String]?

  public init(
    ticket: String? = nil, offer: String, state: String, position: Int64? = nil, joinedAt: Timestamp,
    expiresAt: Timestamp, lease: String? = nil, offeredUntil: Timestamp? = nil, contacts: [ContactDocument]? = nil,
    links: [String: String]? = nil
  ) {
    self.ticket = ticket
    self.offer = offer
    self.state = state
    self.position = position
    self.joinedAt = joinedAt
    self.expiresAt = expiresAt
    self.lease = lease
    self.offeredUntil = offeredUntil
    self.contacts = contacts
    self.links = links
  }
}
