import L402
import Ledger
import Units

/// Tokens that were minted: whom they descend from, and whether they are revoked.
public protocol TokenRows: AnyObject {
  func insertToken(_ token: TokenRecord) throws
  func token(_ id: TokenID) throws -> TokenRecord?
  func tokens(of lease: LeaseID) throws -> [TokenRecord]
  /// Revokes a token and all minted from it; returns every token newly revoked and notifies each.
  func revoke(_ id: TokenID, at now: Instant) throws -> [TokenID]
  /// Revokes all of a lease but one.
  func revokeAll(of lease: LeaseID, except: TokenID?, at now: Instant) throws -> [TokenID]
  func revokedTokens() throws -> [TokenID]
  /// The newest unrevoked token minted for a payment from a parent, or from none.
  func token(for paymentHash: PaymentHash, from parent: TokenID?) throws -> TokenID?
  /// The newest unrevoked token that a swap of `parent` gave, in an epoch.
  func swapped(from parent: TokenID, epoch: UInt16) throws -> TokenID?
  /// How many unrevoked ones of a lease were minted for this; of one parent, where it is named.
  func tokenCount(of lease: LeaseID, for purpose: TokenRecord.Purpose, from parent: TokenID?) throws -> Int

  /// What a user name stands for; never the password, which is derived.
  func insertPasswordGrant(_ grant: PasswordGrant) throws
  func passwordGrant(of user: String) throws -> PasswordGrant?
}
