import Leasing
import Ledger
import Units

/// Leases, their steps and their events.
public protocol LeaseRows: AnyObject {
  /// The lease, its row locked to the end of the transaction.
  func lockLease(_ id: LeaseID) throws -> Lease?
  /// Leases whose `wakes_at` has come, oldest first, locked; rows locked by others and parked ones are passed over.
  func lockDueLeases(at now: Instant, limit: Int) throws -> [Lease]
  /// The ids of leases due, oldest first, neither locked nor read; parked ones are passed over.
  func dueLeases(at now: Instant, limit: Int) throws -> [LeaseID]
  /// Without a lock.
  func lease(_ id: LeaseID) throws -> LeaseRecord?
  /// Those whose ids, as text, end so; at most two, for who wants to know which one is meant. At least ten characters.
  func leases(endingIn text: String) throws -> [LeaseID]
  /// Takes a quote back that has no invoice, with everything that hangs on it; its capacity is free again. Does nothing to
  /// a lease that is no quote any more or has an invoice.
  func forgetQuote(_ id: LeaseID) throws
  func leases(_ query: LeaseQuery) throws -> [LeaseRecord]
  /// A new lease with its request and its first event.
  func insert(_ record: LeaseRecord, event: EventRecord) throws
  /// Writes the results of steps, set-wise: lease rows (version checked), events, transfers, outbox rows; frees the
  /// allocation of a lease that has closed; notifies ``StoreChange/lease(_:version:)``, `.event` and `.due`.
  ///
  /// - Throws: ``StoreError/Kind/conflict`` when a version is not the one before, or an event id is taken.
  func write(_ steps: [RecordedStep]) throws
  /// Whether an event id has taken effect.
  func isRecorded(eventID: EventID) throws -> Bool
  /// Stops waking a lease whose step keeps failing; shown to the operator, woken again after `until`.
  func park(_ id: LeaseID, until: Instant, reason: String, at now: Instant) throws
  func parked() throws -> [ParkedLease]
  /// The earliest `wakes_at` and the earliest due outbox row: of effects on resources, those on these hosts only (`nil`:
  /// on any).
  func nextDeadline(on hosts: [String]?) throws -> Instant?
  func events(of lease: LeaseID, after sequence: Int64, limit: Int) throws -> [EventRecord]
  /// The last so many events, the newest first.
  func newestEvents(of lease: LeaseID, limit: Int) throws -> [EventRecord]
}
