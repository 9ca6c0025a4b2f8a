import L402
import Leasing
import Ledger
import Units

/// A quote that is about to be written, with the right to mint its invoice.
public struct QuoteDraft: Sendable {
  public var lease: Lease
  public var request: LeaseRequest
  /// The capacity that is reserved for it; `nil`: none.
  public var placement: Placement?
  public var event: EventRecord
  /// Who asked, counted as long as it is unpaid and kept nowhere else.
  public var client: String
  public var asked: AskedWith
  /// Under what the request may be repeated.
  public var key: IdempotencyRecord?
  /// The invoice to be minted for it; `nil`: none yet.
  public var order: InvoiceOrder?
  public var attachment: AttachmentRecord?

  public init(
    lease: Lease, request: LeaseRequest, placement: Placement?, event: EventRecord, client: String, asked: AskedWith,
    key: IdempotencyRecord? = nil, order: InvoiceOrder? = nil, attachment: AttachmentRecord? = nil
  ) {
    self.lease = lease
    self.request = request
    self.placement = placement
    self.event = event
    self.client = client
    self.asked = asked
    self.key = key
    self.order = order
    self.attachment = attachment
  }
}

/// The request that a lease was quoted for.
public struct AskedWith: Hashable, Sendable {
  /// Hex of the SHA-256 of its body; `nil`: older than such hashes.
  public var bodyHash: String?
  /// Its `Idempotency-Key`.
  public var key: String?

  public init(bodyHash: String?, key: String?) {
    self.bodyHash = bodyHash
    self.key = key
  }
}

/// What must be known before quotes are made, of all of them at once.
public struct QuoteGround: Sendable {
  /// Those of the keys that were used.
  public var used: [IdempotencyKey: IdempotencyRecord]
  /// For how many unpaid quotes of each client capacity is reserved.
  public var unpaidAllocations: [String: Int]
  /// Of all clients, as ``HoldCounts`` has them, and the open ones of each; zero where they were not asked for.
  public var accepted: Int
  public var open: Int
  public var openOfClient: [String: Int]
  public var capacity: Capacity
  /// How many wait for a place of each of the offers that were asked about; absent: nobody.
  public var waiting: [String: Int]

  public init(
    used: [IdempotencyKey: IdempotencyRecord], unpaidAllocations: [String: Int], accepted: Int, open: Int,
    openOfClient: [String: Int], capacity: Capacity, waiting: [String: Int] = [:]
  ) {
    self.used = used
    self.unpaidAllocations = unpaidAllocations
    self.accepted = accepted
    self.open = open
    self.openOfClient = openOfClient
    self.capacity = capacity
    self.waiting = waiting
  }
}

/// A key where it counts.
public struct IdempotencyKey: Hashable, Sendable {
  public var scope: String
  public var key: String

  public init(scope: String, key: String) {
    self.scope = scope
    self.key = key
  }
}

/// An invoice that the node has made under a reservation, and the token that goes with it.
public struct InvoiceOpening: Sendable {
  public var id: Int64
  public var paymentHash: PaymentHash
  public var bolt11: String
  public var expiresAt: Instant
  public var token: TokenRecord?

  public init(id: Int64, paymentHash: PaymentHash, bolt11: String, expiresAt: Instant, token: TokenRecord? = nil) {
    self.id = id
    self.paymentHash = paymentHash
    self.bolt11 = bolt11
    self.expiresAt = expiresAt
    self.token = token
  }
}
