import L402
import Leasing
import Ledger
import Units

/// The tokens that were minted, written down before anybody is shown them (a registry of issued tokens).
struct TokenBook: Sendable {
  let store: any Store
  /// Unrevoked ones lent from one credential, at the most.
  let loansPerCredential: Int
  /// Those that were lent on, of one lease.
  let subloansPerLease: Int

  /// Records the token of a challenge, unless one for the same payment and parent stands there already. A parent
  /// revoked a moment ago leaves no child behind: whoever revokes locks the lease too.
  ///
  /// - Returns: the token that stands there.
  func insertChallenged(_ token: TokenRecord) async throws -> TokenID {
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try TokenBook.refuseRevoked(token.parent, tx)
      if let known = try tx.token(for: token.paymentHash, from: token.parent), known.epoch == token.id.epoch {
        return known
      }
      try tx.insertToken(token)
      return token.id
    }
  }

  /// Records a token that is lent to somebody, unless there are too many.
  ///
  /// Who holds the lease's own credential is never refused for what those did whom they lent to.
  func insertLoan(_ token: TokenRecord, with login: PasswordGrant? = nil) async throws {
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try TokenBook.refuseRevoked(token.parent, tx)
      let siblings = try tx.tokenCount(of: token.lease, for: token.mintedFor, from: token.parent)
      guard siblings < loansPerCredential else {
        throw Refusal.tooManyCredentials("this credential has lent \(siblings): revoke some, or rotate")
      }
      if token.mintedFor == .subloan {
        let all = try tx.tokenCount(of: token.lease, for: .subloan, from: nil)
        guard all < subloansPerLease else {
          throw Refusal.tooManyCredentials("\(all) credentials of this lease were lent on: its owner may revoke some")
        }
      }
      try tx.insertToken(token)
      if let login { try tx.insertPasswordGrant(login) }
    }
  }

  /// Records the name that a swap into a newer epoch gives. Asked again (an answer may be lost), it is the same one.
  ///
  /// - Returns: the token that stands there.
  func insertSwapped(_ token: TokenRecord, from parent: TokenID) async throws -> TokenID {
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try TokenBook.refuseRevoked(parent, tx)
      if let known = try tx.swapped(from: parent, epoch: token.id.epoch) { return known }
      try tx.insertToken(token)
      return token.id
    }
  }

  /// Records the only token that is left of a lease, however many there were.
  ///
  /// - Returns: those that were revoked.
  func insertAlone(_ token: TokenRecord) async throws -> [TokenID] {
    try await store.transaction { tx in
      _ = try tx.lockLease(token.lease)
      try TokenBook.refuseRevoked(token.parent, tx)
      try tx.insertToken(token)
      return try tx.revokeAll(of: token.lease, except: token.id, at: token.createdAt)
    }
  }

  private static func refuseRevoked(_ parent: TokenID?, _ tx: any TokenRows) throws {
    if let parent, try tx.token(parent)?.revokedAt != nil { throw Refusal.credential(.revoked) }
  }
}

extension Refusal {
  fileprivate static func tooManyCredentials(_ words: String) -> Refusal {
    .conflict(code: .tooManyCredentials, words)
  }
}
