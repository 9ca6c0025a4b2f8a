import L402
import Leasing
import Ledger
import Units

/// The database, as the engine needs it.
///
/// Several daemons may share one store; each promise below holds between them, and killing any of them at any statement
/// loses nothing. There is no clock in it: the moment is always a parameter.
public protocol Store: Sendable {
  /// Runs `body` in one transaction on a connection of its own and commits.
  ///
  /// `body` is synchronous, so that nothing can be awaited while rows are locked, and it may be run again from the
  /// start: serialization failures and deadlocks are retried, at COMMIT too. It must not touch anything but the
  /// transaction. When the connection is lost during COMMIT the outcome is unknown and
  /// ``StoreError/Kind/outcomeUnknown`` is thrown: every use case may be called again with the same event id.
  func transaction<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T

  /// What a door or a challenge needs to know, in one statement that writes and locks nothing; `nil` when there is no
  /// such lease. Sees everything that was committed before it was asked.
  func standing(_ question: StandingQuestion) async throws -> Standing?

  /// What other daemons (and this one) committed, as it happens. Never complete: after `.interrupted` anything may have
  /// been missed.
  func changes() -> AsyncStream<StoreChange>

  /// The database's clock, to compare ours with.
  func databaseTime() async throws -> Instant
}

public enum StoreChange: Hashable, Sendable {
  /// The lease was written; its cached view is stale when older than this version.
  case lease(LeaseID, version: Int64)
  /// A deadline or an effect earlier than known may be waiting.
  case due(Instant)
  case revoked(TokenID)
  /// An epoch of the master key was begun or retired.
  case keys
  /// A lease's event feed has grown.
  case event(LeaseID)
  /// The listening connection answered a round trip that began after this moment of the monotonic clock, which the
  /// receiver reads itself: "alive now".
  case heartbeat
  /// The listening connection was lost; changes may have been missed until the next heartbeat.
  case interrupted
}

/// What can be asked for and written inside one transaction. Reads see the transaction's own writes.
public protocol StoreTransaction: AnyObject {
  // MARK: Leases

  /// The lease, its row locked to the end of the transaction.
  func lockLease(_ id: LeaseID) throws -> Lease?
  /// Leases whose `wakes_at` has come, oldest first, locked; rows locked by others and parked ones are passed over.
  func lockDueLeases(at now: Instant, limit: Int) throws -> [Lease]
  /// The ids of leases due, oldest first, neither locked nor read; parked ones are passed over.
  func dueLeases(at now: Instant, limit: Int) throws -> [LeaseID]
  /// Without a lock.
  func lease(_ id: LeaseID) throws -> LeaseRecord?
  func leases(_ query: LeaseQuery) throws -> [LeaseRecord]
  /// A new lease with its request and its first event.
  func insert(_ record: LeaseRecord, event: EventRecord) throws
  /// Writes the results of steps, set-wise: lease rows (version checked), events, transfers, outbox rows; frees the
  /// allocation of a lease that has closed; notifies ``StoreChange/lease(_:version:)``, `.event` and `.due`.
  ///
  /// - Throws: ``StoreError/Kind/conflict`` when a version is not the one before, or an event id is taken.
  func write(_ steps: [RecordedStep]) throws
  /// Whether an event id has taken effect.
  func isRecorded(eventID: String) throws -> Bool
  /// Stops waking a lease whose step keeps failing; shown to the operator, woken again after `until`.
  func park(_ id: LeaseID, until: Instant, reason: String, at now: Instant) throws
  func parked() throws -> [ParkedLease]
  /// The earliest `wakes_at` and the earliest due outbox row.
  func nextDeadline() throws -> Instant?
  func events(of lease: LeaseID, after sequence: Int64, limit: Int) throws -> [EventRecord]

  // MARK: Outbox

  /// Claims due rows of some lanes for `owner` until `until`: unclaimed or with a lapsed claim, and only the oldest of
  /// its (lease, lane). Rows locked by others are passed over.
  func claimEffects(
    of lanes: [Effect.Lane], owner: String, at now: Instant, until: Instant, limit: Int
  ) throws -> [ClaimedEffect]
  /// Prolongs a claim; `false` when it is no longer `owner`'s.
  func renewClaim(_ id: Int64, owner: String, until: Instant) throws -> Bool
  /// Whether the claim is still `owner`'s; locks the row.
  func holdsClaim(_ id: Int64, owner: String) throws -> Bool
  /// Takes the row away; `false` when the claim was lost or the row is gone: then the outcome is not ours to record.
  func finishEffect(_ id: Int64, owner: String) throws -> Bool
  /// Gives the row back, due later; counts an attempt.
  func postponeEffect(_ id: Int64, owner: String, until: Instant, error: String) throws
  func effects(of lease: LeaseID) throws -> [OutboxRow]
  func overdueEffects(at now: Instant) throws -> OverdueWork

  // MARK: Capacity

  /// Makes the books say what the configuration says. Lowering a limit below what is used keeps what is used.
  func setHosts(_ hosts: [HostCapacity]) throws
  /// Takes what the lease needs from the host that it fits best, and the lowest free uid slot there; `nil` when no host
  /// has it. With `asUnpaidHold`, `nil` also when unpaid holds would pass `unpaidShare` of a pool. `pinned` asks for one
  /// host only. Pools are locked in the order of their ids.
  func allocate(
    _ needs: Resources, for lease: LeaseID, kind: Kind, asUnpaidHold unpaidShare: Double?, pinned host: String?
  ) throws -> Placement?
  /// Changes what an allocation takes, or `false` and nothing changed when the host has no room.
  func reallocate(_ lease: LeaseID, to needs: Resources) throws -> Bool
  /// Sets aside what a change takes beyond the lease's allocation, until its invoice is settled, canceled or expired;
  /// `false` and nothing changed when the host has no room, or unpaid holds would pass `unpaidShare` of a pool.
  func hold(_ extra: Resources, for lease: LeaseID, invoice: Int64, unpaidShare: Double) throws -> Bool
  /// The hold was paid: it no longer counts as unpaid.
  func confirmAllocation(_ lease: LeaseID) throws
  func placement(of lease: LeaseID) throws -> Placement?
  /// How many more of these fit now, over all hosts of that kind.
  func available(_ needs: Resources, kind: Kind) throws -> Int64
  /// Unpaid holds of one client, who gets no other before the end of the transaction.
  func unpaidHolds(of client: String) throws -> Int
  func pools() throws -> [PoolLevel]

  // MARK: Invoices and payments

  /// Reserves the right to mint for (lease, purpose): unique while one is reserved or open.
  func reserveInvoice(_ draft: InvoiceOrder) throws -> InvoiceReservation
  /// The node made it: the reservation becomes open.
  func openInvoice(id: Int64, paymentHash: PaymentHash, bolt11: String, expiresAt: Instant) throws
  /// The node could not make it: the reservation is given up.
  func dropInvoice(id: Int64) throws
  func invoice(_ paymentHash: PaymentHash) throws -> InvoiceRecord?
  /// Those that can still settle: reserved, open, replaced, accepted.
  func openInvoices(of lease: LeaseID) throws -> [InvoiceRecord]
  /// Open ones whose expiry passed before `moment`, for the sweep; oldest first.
  func lapsedInvoices(before moment: Instant, limit: Int) throws -> [InvoiceRecord]
  /// How many payments are held or may come to be: invoices made for holding that are not decided yet. Whoever asks is
  /// alone in asking until the transaction ends, so that a bound holds.
  func undecidedHolds() throws -> Int
  /// How many payments are held now.
  func heldPayments() throws -> Int
  /// Those invoices, the ones whose payment has arrived first.
  func holds(limit: Int) throws -> [InvoiceRecord]
  /// Any that can still settle, for the sweep against lost settlements; accepted ones first, then by expiry.
  func allOpenInvoices(limit: Int) throws -> [InvoiceRecord]
  /// What has settled stays so, and what is accepted does not expire.
  func setInvoiceState(id: Int64, _ state: InvoiceRecord.State) throws
  /// Books a settlement once: `false` when this payment hash is booked already. Marks the invoice settled and keeps the
  /// preimage for the claim.
  func insertPayment(_ settlement: NodeSettlement, lease: LeaseID, at now: Instant) throws -> Bool
  /// Marks a settled renewal or change as presented: `true` for the first caller, and again for the same key.
  func redeem(_ paymentHash: PaymentHash, key: String?, at now: Instant) throws -> Bool
  func preimage(of paymentHash: PaymentHash) throws -> Preimage?
  func cursor(of node: String) throws -> String?
  func setCursor(_ cursor: String, of node: String, at now: Instant) throws
  /// How far settlements are taken in: for metrics and doctors.
  func settlementMarks(of node: String) throws -> SettlementMarks
  /// What a daemon last wrote of how the node answers, and when; `nil`: none ever had anything to say.
  func nodeStanding(of node: String) throws -> (standing: NodeStanding, seenAt: Instant)?
  func setNodeStanding(_ standing: NodeStanding, of node: String, at now: Instant) throws
  /// A settlement of ours that could not be booked; kept for retrying, shown, and its lease shielded meanwhile.
  func insertUnbooked(_ settlement: NodeSettlement, lease: LeaseID?, reason: String, at now: Instant) throws
  func unbooked(limit: Int) throws -> [UnbookedSettlement]
  func deleteUnbooked(_ paymentHash: PaymentHash) throws
  /// Those of `leases` of which a settlement is not booked yet.
  func shielded(_ leases: [LeaseID]) throws -> Set<LeaseID>

  // MARK: Payouts

  /// - Throws: `.conflict` when this invoice is being paid, or was.
  func insertPayout(_ payout: PayoutRecord) throws
  func payout(_ paymentHash: PaymentHash) throws -> PayoutRecord?
  /// Newest first.
  func payouts(of lease: LeaseID, limit: Int) throws -> [PayoutRecord]
  /// Takes the right to give the one order to pay; `false` when somebody has it already, or the payout is over.
  func orderPayout(_ paymentHash: PaymentHash, _ order: PayoutRecord.Order) throws -> Bool
  /// `false` when it was not pending.
  func finishPayout(_ paymentHash: PaymentHash, _ state: PayoutState, at now: Instant) throws -> Bool
  /// What was set aside since a moment and has not come back. Whoever asks is alone in asking until the transaction
  /// ends, so that a bound holds.
  func payoutTotal(since moment: Instant) throws -> Millisatoshi

  /// Those that are neither paid nor failed: all of them counted, the oldest of them named.
  func pendingPayouts(limit: Int) throws -> PendingPayouts

  // MARK: Credit spent

  /// - Throws: `.conflict` when there is a move of this id.
  func insertMove(_ move: CreditMoveRecord) throws
  func move(_ id: String) throws -> CreditMoveRecord?

  // MARK: Credentials

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
  /// How many unrevoked ones a lease has.
  func tokenCount(of lease: LeaseID) throws -> Int

  // MARK: Keys

  /// All epochs there were, oldest first.
  func keyEpochs() throws -> [KeyEpoch]
  /// The same, and nobody else begins or retires one before the end of the transaction.
  func lockKeyEpochs() throws -> [KeyEpoch]
  /// Begins an epoch and notifies ``StoreChange/keys``.
  func insertKeyEpoch(_ key: KeyEpoch) throws
  /// Retires an epoch and notifies ``StoreChange/keys``; nothing for one that is retired.
  func retireKeyEpoch(_ epoch: UInt16, at now: Instant) throws
  /// Unrevoked tokens of leases that have not closed.
  func credentialsByEpoch() throws -> [UInt16: Int64]

  // MARK: Idempotency

  func idempotent(scope: String, key: String) throws -> IdempotencyRecord?
  /// - Throws: `.conflict` when the key is taken in this scope.
  func insertIdempotent(_ record: IdempotencyRecord) throws

  // MARK: Money

  /// The balances of `lease:<id>` by summing their transfers; none is missing.
  func ledgerBalances(of leases: [LeaseID]) throws -> [LeaseID: Millisatoshi]
  func transfers(of lease: LeaseID, after id: Int64, limit: Int) throws -> [TransferRecord]
  /// Proves the whole ledger; see ``Audit``.
  func audit() throws -> Audit

  // MARK: Usage

  /// Takes readings in: differences to the last reading of each (lease, incarnation, meter) become windows. A lost
  /// reading heals with the next, a repeated one changes nothing.
  func ingest(_ readings: [MeterReading], at now: Instant) throws
  func usage(of lease: LeaseID, after window: Instant?, limit: Int) throws -> [UsageWindow]
  /// Closed windows (ended before `closedBefore`) that were not rated, oldest first, at most `limit`, their lease rows
  /// locked in the order of their ids; passes over leases locked by others.
  func lockUnratedUsage(closedBefore: Instant, of lease: LeaseID?, limit: Int) throws -> [UnratedUsage]
  /// Marks windows as rated, with what each was charged and the allowance used so far.
  func markRated(_ windows: [RatedWindow]) throws
  /// When anything last moved through the lease's doors or its processor.
  func lastUse(of lease: LeaseID) throws -> Instant?

  // MARK: Rates

  /// What is believed of a currency's rate, locked to the end of the transaction; also when nothing is yet.
  func lockExchangeRate(_ currency: Currency) throws -> ExchangeRateStanding?
  func setExchangeRate(_ standing: ExchangeRateStanding) throws
  func exchangeRates() throws -> [ExchangeRateStanding]

  // MARK: Daemons

  /// Says that this daemon is alive, and returns the last moment at which any was before.
  func beat(daemon: String, at now: Instant) throws -> Instant?
  func recordOutage(from: Instant, to: Instant) throws
  /// Outages that ended after `moment`, oldest first; of very many the latest.
  func outages(endedAfter moment: Instant) throws -> [Lease.Outage]
  /// Suspensions decided since `since`, and leases in service: what the circuit breaker weighs.
  func breakerCounts(since: Instant) throws -> (suspensions: Int, inService: Int)
  /// Counts of leases by state, for metrics.
  func census() throws -> [String: Int]
  /// Of every variant that a lease was ever quoted as, swept ones included; by offer and name. Sums what their leases
  /// earned: not for every request.
  func variantFigures() throws -> [VariantFigures]
  /// Deletes what is past its keeping: closed unpaid quotes and their invoices, old idempotency keys, partitions.
  func sweep(at now: Instant) throws -> Int
}

public struct StoreError: Error, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable {
    /// The database cannot be reached now, or did not answer in time.
    case unavailable
    /// The connection was lost during COMMIT.
    case outcomeUnknown
    /// Another writer was first.
    case conflict
    /// A constraint said no: a broken invariant of ours.
    case invariant
    case failed
  }
  public var kind: Kind
  public var words: String

  public init(_ kind: Kind, _ words: String) {
    self.kind = kind
    self.words = words
  }

  public var description: String { "store: \(kind.rawValue): \(words)" }
}
