import BOLT11
import L402
import Leasing
import Ledger
import Macaroons
import Units

public struct InvoiceOrder: Hashable, Sendable {
  public var lease: LeaseID
  public var purpose: Settlement.Purpose
  /// What is unique while open.
  public var slot: InvoiceSlot
  /// Unique for ever; the node's label.
  public var label: String
  public var amount: Millisatoshi
  public var expiresAt: Instant
  /// What it takes beyond the lease's allocation, to be held while it can be paid.
  public var extra: Resources?
  public var at: Instant
  /// The payment is to be held, and its preimage belongs to this epoch's master key; `nil`: an ordinary invoice.
  public var holdEpoch: UInt16?
  /// What the amount was reckoned from, where that is a price in a currency: locked with the invoice.
  public var locked: LockedPrice?
  /// Words that whoever pays has from elsewhere: the invoice carries their hash. `nil`: it says what it is for.
  public var hashedDescription: String?
  public init(
    lease: LeaseID, purpose: Settlement.Purpose, slot: InvoiceSlot, label: String, amount: Millisatoshi,
    expiresAt: Instant,
    extra: Resources? = nil, locked: LockedPrice? = nil, hashedDescription: String? = nil, at: Instant
  ) {
    self.lease = lease
    self.purpose = purpose
    self.slot = slot
    self.label = label
    self.amount = amount
    self.expiresAt = expiresAt
    self.extra = extra
    self.locked = locked
    self.hashedDescription = hashedDescription
    self.at = at
  }
}

public enum InvoiceReservation: Hashable, Sendable {
  /// Ours to mint, under this row.
  case reserved(id: Int64)
  /// One is open already.
  case open(InvoiceRecord)
  /// Another asker is minting it right now.
  case busy(since: Instant, id: Int64)
}

public struct InvoiceRecord: Hashable, Sendable {
  public enum State: String, Hashable, Sendable, CaseIterable {
    /// `replaced`: another is offered instead, but this one can still be paid. `accepted`: its payment has arrived and
    /// is held.
    case reserved, open, replaced, accepted, settled, canceled, expired
  }
  public var id: Int64
  public var lease: LeaseID
  public var purpose: Settlement.Purpose
  public var slot: InvoiceSlot
  public var label: String
  public var amount: Millisatoshi
  public var createdAt: Instant
  public var expiresAt: Instant
  public var state: State
  /// `nil` while reserved.
  public var paymentHash: PaymentHash?
  public var bolt11: String?
  /// The epoch of the master key its preimage is derived with, when its payment is held; `nil`: an ordinary invoice.
  public var holdEpoch: UInt16?
  /// What its amount was reckoned from; `nil`: a price in bitcoin.
  public var locked: LockedPrice?
  public init(
    id: Int64, lease: LeaseID, purpose: Settlement.Purpose, slot: InvoiceSlot, label: String, amount: Millisatoshi,
    createdAt: Instant, expiresAt: Instant, state: State, paymentHash: PaymentHash?, bolt11: String?,
    holdEpoch: UInt16? = nil, locked: LockedPrice? = nil
  ) {
    self.id = id
    self.lease = lease
    self.purpose = purpose
    self.slot = slot
    self.label = label
    self.amount = amount
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.state = state
    self.paymentHash = paymentHash
    self.bolt11 = bolt11
    self.holdEpoch = holdEpoch
    self.locked = locked
  }
}

extension InvoiceRecord {
  /// Whether a quarter of its life is left.
  func isFresh(at now: Instant) -> Bool {
    let life = expiresAt.microseconds(since: createdAt)
    return expiresAt.microseconds(since: now) >= max(life / 4, 1)
  }

  /// Whether it carries the hash of these words; `nil`: it is one of those that say what they are for.
  private func says(_ hashed: String?) -> Bool {
    guard let hashed else { return true }
    let hash = Array(hashed.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array
    do throws(BOLT11Error) {
      return try bolt11.map { text throws(BOLT11Error) in try Invoice.parse(text).descriptionHash == hash } ?? false
    } catch {
      return false
    }
  }

  /// Whether it is still given to whoever asks.
  func isOffered(at now: Instant) -> Bool { state == .open && isFresh(at: now) }

  /// Offered again while it is fresh and the terms are the same; to its end when another would end no later, as a
  /// purchase's does.
  public func isGood(for order: InvoiceOrder) -> Bool {
    amount == order.amount && purpose == order.purpose && expiresAt > order.at && says(order.hashedDescription)
      && (isFresh(at: order.at) || order.expiresAt <= expiresAt)
  }
}

public struct UnbookedSettlement: Hashable, Sendable {
  public var settlement: NodeSettlement
  public var lease: LeaseID?
  public var reason: String
  /// When somebody said that it was dealt with, and how.
  public var resolvedAt: Instant?
  public var resolution: String?

  public init(
    settlement: NodeSettlement, lease: LeaseID?, reason: String, resolvedAt: Instant? = nil, resolution: String? = nil
  ) {
    self.settlement = settlement
    self.lease = lease
    self.reason = reason
    self.resolvedAt = resolvedAt
    self.resolution = resolution
  }

  /// In the place of a cursor: the node has not said that it settled.
  static let noPosition = ""

  /// Whether nothing but the preimage says that it was paid.
  var isWithoutNodesWord: Bool { settlement.cursor == Self.noPosition }
}

/// What the books hold of some payment hashes.
public struct SettlementRecords: Hashable, Sendable {
  /// Of those that are booked, what arrived.
  public var received: [PaymentHash: Millisatoshi]
  /// Those that are kept as unbooked, dealt with or not.
  public var unbooked: Set<PaymentHash>
  /// Those of an invoice of ours.
  public var invoiced: Set<PaymentHash>

  public init(received: [PaymentHash: Millisatoshi], unbooked: Set<PaymentHash>, invoiced: Set<PaymentHash>) {
    self.received = received
    self.unbooked = unbooked
    self.invoiced = invoiced
  }
}

/// How far a node's settlements are taken in.
public struct SettlementMarks: Hashable, Sendable {
  /// When the cursor moved last; `nil`: it never did.
  public var cursorMovedAt: Instant?
  /// When the first of the unbooked was found.
  public var oldestUnbooked: Instant?
  public init(cursorMovedAt: Instant? = nil, oldestUnbooked: Instant? = nil) {
    self.cursorMovedAt = cursorMovedAt
    self.oldestUnbooked = oldestUnbooked
  }
}

/// How many invoices made for holding are not decided yet.
public struct HoldCounts: Hashable, Sendable {
  /// Their payments are held.
  public var accepted: Int
  /// Nobody has paid them yet.
  public var open: Int
  /// Of those, quoted to the client that a lease was quoted to.
  public var openOfClient: Int

  public init(accepted: Int, open: Int, openOfClient: Int) {
    self.accepted = accepted
    self.open = open
    self.openOfClient = openOfClient
  }
}
