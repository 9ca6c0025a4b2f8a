import L402
import Ledger
import Units

/// Wallets that are asked for renewals, and what they were asked for. A grant goes when its lease closes.
public protocol WalletRows: AnyObject {
  /// Gives it, or another in its place.
  func setWalletGrant(_ grant: WalletGrant) throws
  func walletGrant(of lease: LeaseID) throws -> WalletGrant?
  /// The newest of all leases, at most so many.
  func newestWalletGrants(limit: Int) throws -> [WalletGrant]
  func dropWalletGrant(of lease: LeaseID) throws
  /// Writes that a wallet is about to be asked: the first time, or again.
  func writeWalletPull(_ pull: WalletPull) throws
  /// The newest of the lease.
  func lastWalletPull(of lease: LeaseID) throws -> WalletPull?
  /// Nothing was or will be sent for it, in at most 300 characters.
  func refuseWalletPull(_ paymentHash: PaymentHash, because words: String) throws
  /// What was asked for since a moment and is paid, or may still be: its invoice can settle and was not refused. The oldest
  /// first.
  func walletPulls(of lease: LeaseID, since moment: Instant, besides paymentHash: PaymentHash?) throws -> [PulledAmount]
}
