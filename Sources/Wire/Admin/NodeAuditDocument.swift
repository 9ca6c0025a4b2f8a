/// The books against the node's list of what was paid: `POST /admin/v1/audit/node`.
public struct NodeAuditDocument: Hashable, Sendable, SnakeCased {
  /// Settlements that the node lists, of others too.
  public var listed: Int
  /// Whether that was all of them.
  public var complete: Bool
  /// Of them, ours: by their label or by an invoice in the books.
  public var ours: Int
  /// Payments in the books. Those beyond `ours` were made on another node, or this one has deleted them.
  public var booked: Int64
  /// Of ours, those kept as unbooked.
  public var unbooked: Int
  /// Of ours, in the books in no way; at most 100 of them.
  public var missing: [NodeAuditItem]
  /// Booked with another amount; at most 100 of them.
  public var differing: [NodeAuditItem]
  /// Of the missing, those that were taken in now.
  public var takenIn: Int
  public var sound: Bool

  public init(
    listed: Int, complete: Bool, ours: Int, booked: Int64, unbooked: Int, missing: [NodeAuditItem],
    differing: [NodeAuditItem], takenIn: Int, sound: Bool
  ) {
    self.listed = listed
    self.complete = complete
    self.ours = ours
    self.booked = booked
    self.unbooked = unbooked
    self.missing = missing
    self.differing = differing
    self.takenIn = takenIn
    self.sound = sound
  }
}

/// A settlement that the node lists.
public struct NodeAuditItem: Hashable, Sendable, SnakeCased {
  public var paymentHash: String
  public var msat: Int64
  public var settledAt: Timestamp
  public var label: String

  public init(paymentHash: String, msat: Int64, settledAt: Timestamp, label: String) {
    self.paymentHash = paymentHash
    self.msat = msat
    self.settledAt = settledAt
    self.label = label
  }
}

/// `POST /admin/v1/audit/node`.
public struct NodeAuditRequest: Hashable, Sendable, SnakeCased {
  /// Books what is missing, or keeps it as unbooked.
  public var takeIn: Bool?

  public init(takeIn: Bool? = nil) {
    self.takeIn = takeIn
  }
}

/// `POST /admin/v1/unbooked/{payment_hash}/resolve` and `…/credit`.
public struct UnbookedRequest: Hashable, Sendable, Codable {
  /// Kept.
  public var reason: String

  public init(reason: String) {
    self.reason = reason
  }
}
