import Units

/// `POST /v1/leases/{lease}/contacts`, and one of `contacts` in a purchase: exactly one of the three ways of being told.
public struct ContactRequest: Hashable, Sendable, Codable {
  /// Where signed requests go (Standard Webhooks): `https://…`.
  public var webhook: String?
  public var email: String?
  /// A public key: `npub1…`.
  public var nostr: String?
  /// Where messages to ``nostr`` are left: `wss://…`.
  public var relays: [String]?
  /// Whether messages have the invoice itself in them; absent: they have a link that makes one.
  public var invoice: Bool?

  public init(
    webhook: String? = nil, email: String? = nil, nostr: String? = nil, relays: [String]? = nil, invoice: Bool? = nil
  ) {
    self.webhook = webhook
    self.email = email
    self.nostr = nostr
    self.relays = relays
    self.invoice = invoice
  }
}

/// Where a renter is told what will happen to a lease.
public struct ContactDocument: Hashable, Sendable, SnakeCased {
  /// Its name: 64 lowercase hex digits.
  public var contact: String
  /// `webhook`, `email` or `nostr`.
  public var channel: String
  /// Enough of it to know it by.
  public var to: String?
  /// Whether its owner has said that it may be used. Nothing but that question is sent before.
  public var confirmed: Bool
  /// Whether messages have the invoice itself in them.
  public var invoice: Bool?
  public var createdAt: Timestamp
  /// When something last arrived there.
  public var deliveredAt: Timestamp?
  /// Since when nothing does; absent: the last message arrived.
  public var failingSince: Timestamp?
  /// What webhooks are signed with: `whsec_…`. Only in the answer to who named the contact.
  public var secret: String?

  public init(
    contact: String, channel: String, to: String? = nil, confirmed: Bool, invoice: Bool? = nil,
    createdAt: Timestamp,
    deliveredAt: Timestamp? = nil, failingSince: Timestamp? = nil, secret: String? = nil
  ) {
    self.contact = contact
    self.channel = channel
    self.to = to
    self.confirmed = confirmed
    self.invoice = invoice
    self.createdAt = createdAt
    self.deliveredAt = deliveredAt
    self.failingSince = failingSince
    self.secret = secret
  }
}
