import Ledger
import Units

/// The double-entry ledger, read.
public protocol LedgerRows: AnyObject {
  /// The balances of `lease:<id>` by summing their transfers; none is missing.
  func ledgerBalances(of leases: [LeaseID]) throws -> [LeaseID: Millisatoshi]
  func transfers(of lease: LeaseID, after id: Int64, limit: Int) throws -> [TransferRecord]
  /// The last so many transfers, the newest first.
  func newestTransfers(of lease: LeaseID, limit: Int) throws -> [TransferRecord]
  /// Proves the whole ledger; see ``Audit``.
  func audit() throws -> Audit
  /// Proves what came after the last checkpoint, and the checkpoint against itself; what is found right moves the
  /// checkpoint on. The first is a whole one. Not looked at again: what was rated before against what was charged, and
  /// leases whose money has not moved.
  func auditNew(at now: Instant) throws -> Audit
}
