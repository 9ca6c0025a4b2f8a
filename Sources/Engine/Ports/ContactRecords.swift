import L402
import Leasing
import Ledger
import Macaroons
import Units

/// A contact as the books have it: where it is stays sealed.
public struct ContactRecord: Hashable, Sendable {
  /// The ways of telling a renter something.
  public enum Channel: String, Hashable, Sendable, CaseIterable {
    /// A signed HTTP request (Standard Webhooks).
    case webhook
    case email
    /// A private direct message (NIP-17).
    case nostr
  }

  /// Its name; see ``TokenRecord/Purpose/contact``.
  public var token: TokenID
  public var lease: LeaseID
  public var channel: Channel
  /// ``ContactPlace``, readable with the master key.
  public var sealed: [UInt8]
  /// 8 bytes of a keyed hash of whose machine it is.
  public var site: [UInt8]
  /// SHA-256 of the code by which its owner confirms it; `nil` where no confirmation is needed.
  public var codeHash: Bytes32?
  public var createdAt: Instant
  /// `nil`: nothing but the question whether it may be used is sent there.
  public var confirmedAt: Instant?
  /// Whether a message has the invoice itself in it, beside the link that mints one.
  public var wantsInvoice: Bool
  /// When something last arrived there.
  public var deliveredAt: Instant?
  /// Since when nothing has; `nil`: the last message arrived.
  public var failingSince: Instant?

  public init(
    token: TokenID, lease: LeaseID, channel: Channel, sealed: [UInt8], site: [UInt8], codeHash: Bytes32?,
    createdAt: Instant, confirmedAt: Instant?, wantsInvoice: Bool = false, deliveredAt: Instant? = nil,
    failingSince: Instant? = nil
  ) {
    self.token = token
    self.lease = lease
    self.channel = channel
    self.sealed = sealed
    self.site = site
    self.codeHash = codeHash
    self.createdAt = createdAt
    self.confirmedAt = confirmedAt
    self.wantsInvoice = wantsInvoice
    self.deliveredAt = deliveredAt
    self.failingSince = failingSince
  }
}

/// A message that is to go to a contact, and is in our hands.
public struct ClaimedDelivery: Hashable, Sendable {
  public var id: Int64
  public var contact: ContactRecord
  /// The key of the effect that announced it; ``question`` for the question whether the contact may be used.
  public var key: String
  /// `nil`: the question.
  public var notice: Notice?
  public var announcedAt: Instant
  /// Not tried after it.
  public var deadline: Instant
  /// How often it was tried before.
  public var attempts: Int

  public static let question = "confirm"

  public init(
    id: Int64, contact: ContactRecord, key: String, notice: Notice?, announcedAt: Instant, deadline: Instant,
    attempts: Int
  ) {
    self.id = id
    self.contact = contact
    self.key = key
    self.notice = notice
    self.announcedAt = announcedAt
    self.deadline = deadline
    self.attempts = attempts
  }
}

/// A message that is waiting, or that never arrived (a dead letter), as the operator sees it.
public struct DeliveryRow: Hashable, Sendable {
  public var id: Int64
  public var lease: LeaseID
  public var channel: ContactRecord.Channel
  public var key: String
  /// `nil`: the question whether the contact may be used.
  public var notice: Notice?
  public var announcedAt: Instant
  public var dueAt: Instant
  public var deadline: Instant
  public var attempts: Int
  public var lastError: String?
  /// When it was given up; `nil`: it is still tried.
  public var deadAt: Instant?

  public init(
    id: Int64, lease: LeaseID, channel: ContactRecord.Channel, key: String, notice: Notice?, announcedAt: Instant,
    dueAt: Instant, deadline: Instant, attempts: Int, lastError: String?, deadAt: Instant?
  ) {
    self.id = id
    self.lease = lease
    self.channel = channel
    self.key = key
    self.notice = notice
    self.announcedAt = announcedAt
    self.dueAt = dueAt
    self.deadline = deadline
    self.attempts = attempts
    self.lastError = lastError
    self.deadAt = deadAt
  }
}

/// How many messages wait and how many never arrived.
public struct DeliveryCounts: Hashable, Sendable {
  public var waiting: Int
  public var oldestWaiting: Instant?
  /// Dead letters that are kept.
  public var dead: Int

  public init(waiting: Int, oldestWaiting: Instant?, dead: Int) {
    self.waiting = waiting
    self.oldestWaiting = oldestWaiting
    self.dead = dead
  }
}
