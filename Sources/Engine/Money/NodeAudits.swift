import L402
import Ledger
import Units

/// The books against the node's own list of what was paid (a reconciliation).
public struct NodeAudits: Sendable {
  let store: any Store
  let node: any LightningNode
  let clock: any WallClock
  let health: Health
  let bookings: Bookings

  /// Compares every settlement of ours that the node lists with the books.
  ///
  /// - Parameter takeIn: what is missing is booked, or kept as unbooked, as if it had been told now.
  public func compare(takeIn: Bool) async throws -> NodeAudit {
    let listed: [NodeSettlement]
    do throws(NodeError) {
      listed = try await node.everySettlement(limit: NodeAudit.limit)
    } catch {
      throw Refusal.unavailable(retryAfter: 5, "the node does not list its settlements: \(error)")
    }
    health.nodeAnswered(at: clock.now())
    var audit = NodeAudit(listed: listed.count, isComplete: listed.count < NodeAudit.limit)
    var rest = listed[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(500))
      rest = rest.dropFirst(500)
      let records = try await store.transaction { tx in try tx.settlementRecords(of: part.map(\.paymentHash)) }
      for settlement in part {
        let hash = settlement.paymentHash
        let isOurs = settlement.label.hasPrefix(InvoiceRequest.labelPrefix) || records.invoiced.contains(hash)
        guard isOurs else { continue }
        audit.ours += 1
        if let booked = records.received[hash] {
          if booked != settlement.received { audit.differing.append(settlement) }
        } else if records.unbooked.contains(hash) {
          audit.unbooked += 1
        } else {
          audit.missing.append(settlement)
        }
      }
    }
    if takeIn {
      for settlement in audit.missing {
        try await bookings.book(settlement, advancing: false)
        audit.takenIn += 1
      }
    }
    let payments = try await store.transaction { tx in try tx.audit() }.payments
    audit.booked = payments
    if audit.isSound { health.cursorIsFine() }
    return audit
  }
}

/// What came of comparing the books with the node.
public struct NodeAudit: Sendable {
  /// More are not read at once.
  static let limit = 100_000

  /// All that the node lists, of others too.
  public var listed: Int
  public var isComplete: Bool
  public var ours = 0
  /// Payments in the books. Those beyond what the node lists were made on another node, or it has deleted them.
  public var booked: Int64 = 0
  /// Of ours, those that are kept as unbooked.
  public var unbooked = 0
  /// Of ours, in the books in no way.
  public var missing: [NodeSettlement] = []
  /// Booked with another amount.
  public var differing: [NodeSettlement] = []
  public var takenIn = 0

  init(listed: Int, isComplete: Bool) {
    self.listed = listed
    self.isComplete = isComplete
  }

  public var isSound: Bool { isComplete && differing.isEmpty && missing.count == takenIn }
}
