import L402
import Ledger
import Macaroons

/// Addresses by the hash of their secret. They go when their lease closes.
public protocol AddressRows: AnyObject {
  /// Adds one whose token is recorded; what was revoked of the lease goes.
  func insertAddress(_ token: TokenID, hash: Bytes32, path: String?, of lease: LeaseID) throws
  /// `nil`: there never was one, its lease is closed, or it is revoked.
  func address(hash: Bytes32) throws -> LeaseAddress?
  /// Those that are not revoked, oldest first.
  func addresses(of lease: LeaseID) throws -> [LeaseAddress]
}
