import Ledger
import Units

public struct TransferRecord: Hashable, Sendable {
  public var id: Int64
  public var at: Instant
  public var transfer: Transfer
  public init(id: Int64, at: Instant, transfer: Transfer) {
    self.id = id
    self.at = at
    self.transfer = transfer
  }
}

/// The proof of the books. Everything listed is wrong; an empty list is the proof.
public struct Audit: Hashable, Sendable {
  public var transfers: Int64
  public var payments: Int64
  /// By account kind (`node`, `lease`, `revenue:time`, …): credited less debited. Sums to zero.
  public var totals: [String: Millisatoshi]
  /// Each a sentence: a lease whose balance differs from its transfers, a payment without a transfer, ….
  public var findings: [String]
  /// So many of the transfers were proved by an earlier audit, and not read again; 0: all were.
  public var proved: Int64 = 0
  public init(transfers: Int64, payments: Int64, totals: [String: Millisatoshi], findings: [String]) {
    self.transfers = transfers
    self.payments = payments
    self.totals = totals
    self.findings = findings
  }
}
