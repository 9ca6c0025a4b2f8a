import L402
import Leasing
import Ledger
import Units

/// What renters ask for (the facade's use cases): each is one call of one service.
extension Engine {
  // MARK: Buying

  /// `201`: the lease, always, when the credential of this very request is shown again. Otherwise a new quote.
  ///
  /// - Parameters:
  ///   - diskCredential: of the disk to attach, as an `Authorization` line has it; `nil`: the caller shows it there.
  ///   - place: the secret of a waitlist's entry, whose place is wanted.
  ///   - body: the request as it came, for comparing repetitions.
  public func rent(
    _ request: LeaseRequest, diskCredential: String? = nil, place: String? = nil, body: [UInt8], _ caller: Caller
  ) async throws -> Sold {
    try await selling.purchases.rent(request, diskCredential: diskCredential, place: place, body: body, caller)
  }

  /// Renews by so many periods: the lease, for the first request that shows a settled payment for it, for any under the
  /// same key, and where neither has one for a repetition soon after (its answer may have been lost); a demand for
  /// payment otherwise. Anyone may pay for a friend: a stranger's challenge can do nothing but pay.
  public func renew(_ id: LeaseID, periods: Int64, _ caller: Caller) async throws -> Sold {
    try await selling.renewals.renew(id, periods: periods, caller)
  }

  /// Changes to another offer of the same kind. What costs nothing now happens now; an upgrade is paid for first.
  public func change(_ id: LeaseID, to offer: String, _ caller: Caller) async throws -> Sold {
    try await selling.changes.change(id, to: offer, caller)
  }

  /// Releases the lease: what is left of the balance becomes credit once the last usage is rated.
  public func release(_ id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    try await selling.releases.release(id, caller)
  }

  /// Lets usage cost so much a day; `nil`: whatever it comes to.
  public func limit(_ id: LeaseID, to perDay: Millisatoshi?, _ caller: Caller) async throws -> LeaseRecord {
    try await selling.limits.set(perDay, of: id, caller)
  }

  /// An invoice of a node that keeps play money for whoever asks. It lasts as a challenge does, and costs as much of the
  /// asker's budget.
  public func walletInvoice(
    of node: any SelfPayingNode, _ amount: Millisatoshi, _ caller: Caller
  ) async throws -> NodeInvoice {
    try await selling.minting.walletInvoice(of: node, amount, caller)
  }

  // MARK: Money back

  /// Pays an invoice out of the lease's credit. The same invoice again is the same payout, and never pays twice.
  ///
  /// - Returns: the payout once it is decided, or pending when that takes longer than a door waits.
  public func refund(_ id: LeaseID, to text: String, _ caller: Caller) async throws -> Refund {
    try await money.refunds.pay(id, to: text, caller)
  }

  public func refunds(of id: LeaseID, limit: Int, _ caller: Caller) async throws -> [PayoutRecord] {
    try await money.refunds.list(of: id, limit: limit, caller)
  }

  /// Moves credit of a lease to the balance of another, or to its own. The same key again is the same move.
  ///
  /// - Parameter asked: `nil` for all there is.
  public func spendCredit(
    of id: LeaseID, on target: LeaseID, _ asked: Millisatoshi?, _ caller: Caller
  ) async throws -> SpentCredit {
    try await money.credit.spend(of: id, on: target, asked, caller)
  }

  // MARK: Credentials

  /// Reads and checks the credential of a request; `nil` when there is none.
  public func credential(of caller: Caller) async throws -> VerifiedCredential? {
    try await access.credentials.credential(of: caller)
  }

  /// What the credential is and reaches, for its holder.
  public func introspect(_ caller: Caller) async throws -> VerifiedCredential {
    try await access.credentials.introspect(caller)
  }

  /// Swaps a genuine credential for one with a later ceiling, free of charge: same payment, so that the holder's
  /// preimage goes on serving.
  public func swap(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    try await reissues.swap(id, caller)
  }

  /// Mints a narrowed credential with a token id of its own, so that it can be revoked alone.
  ///
  /// - Parameter withPassword: gives a user name and password for it as well; it may then be lent as it is.
  public func narrow(
    _ id: LeaseID, caveats: [String], withPassword: Bool = false, _ caller: Caller
  ) async throws -> SwappedCredential {
    try await reissues.narrow(id, caveats: caveats, withPassword: withPassword, caller)
  }

  public func credentials(of id: LeaseID, _ caller: Caller) async throws -> [TokenRecord] {
    try await reissues.issued(of: id, caller)
  }

  /// Revokes a credential and all minted from it.
  public func revoke(_ token: TokenID, of id: LeaseID, _ caller: Caller) async throws {
    try await reissues.revoke(token, of: id, caller)
  }

  /// A new token for the caller, and every other of the lease is revoked with it: the one that is shown, too.
  ///
  /// With an idempotency key of 22 characters or more the same credential shown again under the same key is told the same.
  public func rotate(_ id: LeaseID, _ caller: Caller) async throws -> SwappedCredential {
    try await reissues.rotate(id, caller)
  }

  /// The claim: whoever holds the macaroon learns the preimage once the node says that it was paid.
  public func claim(_ hash: PaymentHash, _ caller: Caller) async throws -> ClaimedPayment {
    try await claims.claim(hash, caller)
  }

  // MARK: Disks in containers

  /// The containers a disk is or was in, or the disk that is or was in a container; newest first, a thousand.
  public func attachments(of id: LeaseID, _ caller: Caller) async throws -> [AttachmentView] {
    try await access.attachments.list(of: id, caller)
  }

  /// Ends attachments of a lease: the one with `other`, or all. Returns when they are gone from this host.
  ///
  /// - Throws: ``Refusal/invalidField(_:_:)`` when there is none with `other`.
  public func endAttachments(of id: LeaseID, with other: LeaseID? = nil, _ caller: Caller) async throws {
    await access.attachmentKeeper.settle(try await access.attachments.end(of: id, with: other, caller))
  }
}
