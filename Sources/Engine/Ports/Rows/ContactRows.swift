import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Where renters want to be told. Contacts go when their lease closes.
public protocol ContactRows: AnyObject {
  /// Adds one whose token is recorded.
  func insertContact(_ contact: ContactRecord) throws
  /// Oldest first.
  func contacts(of lease: LeaseID) throws -> [ContactRecord]
  /// Takes it away with everything that was on its way there; `false`: there was none.
  func removeContact(_ token: TokenID) throws -> Bool
  /// By the SHA-256 of its code.
  func contact(codeHash: Bytes32) throws -> ContactRecord?
  /// From now on notices go there; nothing when it was confirmed before.
  func confirmContact(_ token: TokenID, at now: Instant) throws
  /// Whether messages have the invoice itself in them, from now on.
  func setContact(_ token: TokenID, wantsInvoice: Bool) throws
  /// How often somebody was asked whether an address may be used, and how often for a lease, since a moment.
  func questions(to address: Bytes32, of lease: LeaseID, since: Instant) throws -> (address: Int, lease: Int)
  /// Notes that it is being asked.
  func noteQuestion(to address: Bytes32, of lease: LeaseID, at now: Instant) throws
}

/// What is on its way to contacts. A notice is expanded into one row for each confirmed contact by the transaction that
/// announces it (``LeaseRows/write(_:)``).
public protocol DeliveryRows: AnyObject {
  /// What is told to one contact of a lease that no step of it announces; once under this key.
  func insertNotice(_ notice: Notice, to contact: ContactRecord, key: String, at now: Instant) throws
  /// The question whether a contact may be used.
  func insertQuestion(to contact: ContactRecord, at now: Instant, deadline: Instant) throws
  /// Claims due rows for `owner` until `until`, unclaimed or with a lapsed claim, at most two of a site, none of `busy`
  /// ones. Rows locked by others are passed over.
  ///
  /// - Parameters:
  ///   - retries: those that failed before, or go where something failed; else those that did not.
  ///   - channels: whose rows.
  func claimDeliveries(
    retries: Bool, of channels: [ContactRecord.Channel], passing busy: [[UInt8]], owner: String, at now: Instant,
    until: Instant, limit: Int
  ) throws -> [ClaimedDelivery]
  /// It arrived: the row goes. `false` when the claim was lost or the row is gone.
  func finishDelivery(_ delivery: ClaimedDelivery, owner: String, at now: Instant) throws -> Bool
  /// It failed: due later, or never again when `until` is `nil`. `false` when the claim was lost or the row is gone.
  func postponeDelivery(
    _ delivery: ClaimedDelivery, owner: String, until: Instant?, error: String, at now: Instant
  ) throws -> Bool
  /// It says what is not so any more: the row goes, unsent. `false` when the claim was lost or the row is gone.
  func dropDelivery(_ delivery: ClaimedDelivery, owner: String) throws -> Bool
  /// Gives up what nobody has in hand and is past its deadline; returns what it gave up, with the row's id.
  func giveUpDeliveries(at now: Instant, limit: Int) throws -> [DeliveryRow]
  /// Those that wait and dead letters of a lease, oldest first.
  func deliveries(of lease: LeaseID) throws -> [DeliveryRow]
  /// Dead letters, newest first.
  func deadLetters(limit: Int) throws -> [DeliveryRow]
  /// Makes dead letters due again until `deadline`: one by its id, those of a lease, or all.
  ///
  /// - Returns: the lease of each.
  func reviveDeadLetters(
    id: Int64?, of lease: LeaseID?, at now: Instant, deadline: Instant, limit: Int
  ) throws -> [LeaseID]
  func deliveryCounts() throws -> DeliveryCounts
  /// Writes into a lease's records that a notice did not arrive, or is sent again.
  func noteDelivery(_ event: EventRecord) throws
}
