import Leasing
import Ledger
import Units

/// Outages that were made good, and whom they struck.
public protocol OutageCreditRows: AnyObject {
  /// Begins one, unless there is one of this label; the row of it, locked to the end of the transaction.
  func beginOutageCredit(_ record: OutageCreditRecord) throws -> OutageCreditRecord
  func outageCredit(_ label: String) throws -> OutageCreditRecord?
  /// Writes how far it has come.
  func advanceOutageCredit(_ record: OutageCreditRecord) throws
  /// The newest first.
  func outageCredits(limit: Int) throws -> [OutageCreditRecord]
  /// Leases that may have been in service then, in the order of their ids, neither read nor locked. Where a closed lease
  /// was is not known any more: it counts as on `host` if no other host has its kind.
  func leasesInService(
    from since: Instant, to until: Instant, on host: String?, after: LeaseID, limit: Int
  ) throws -> [LeaseID]
  /// In the order of their ids, in which they are locked.
  func leases(_ ids: [LeaseID], locked: Bool) throws -> [Lease]
  /// When each began and ceased to serve before a moment, oldest first; of very many the latest.
  func serviceMarks(of leases: [LeaseID], before moment: Instant) throws -> [LeaseID: [ServiceMark]]
}
