import L402
import Leasing
import Ledger
import Synchronization
import Units

/// Wallets that renters let be asked for renewals: given, shown without what is secret, taken back.
public final class WalletGrants: Sendable {
  /// How many wallets are introduced to us at the same time: each takes some seconds of relays that renters name.
  static let mostAtOnce = 16

  private let store: any Store
  private let clock: any WallClock
  private let credentials: Credentials
  private let loop: LeaseLoop
  private let wallets: (any RenterWallets)?
  private let underWay = Mutex(0)

  init(
    store: any Store, clock: any WallClock, credentials: Credentials, loop: LeaseLoop, wallets: (any RenterWallets)?
  ) {
    self.store = store
    self.clock = clock
    self.credentials = credentials
    self.loop = loop
    self.wallets = wallets
  }

  /// What of a grant is shown, and how its budget stands.
  public struct View: Hashable, Sendable {
    /// `nil`: the grant cannot be read with the keys that this daemon was given.
    public var outline: WalletOutline?
    public var budget: WalletBudget
    public var createdAt: Instant
    /// What was paid and may still be, in the span that ends now or with what counts last, and in all.
    public var spent: Millisatoshi
    public var spentInAll: Millisatoshi
    /// The last request, and whether its invoice is paid by our own books.
    public var last: WalletPull?
    public var lastIsPaid: Bool
  }

  /// Lets a wallet be asked. The same grant told again is the same one; another takes its place, and what was spent is
  /// counted anew.
  ///
  /// - Parameters:
  ///   - uri: `nostr+walletconnect://…`; at most 2,048 bytes.
  ///   - every: `nil`: a period of the lease.
  public func set(
    _ uri: String, _ amount: Millisatoshi, every: Seconds?, total: Millisatoshi?, of id: LeaseID, _ caller: Caller
  ) async throws -> View {
    _ = try await credentials.require(.setWallet, of: id, caller)
    guard let wallets else { throw Refusal.invoiceRefused(code: .walletRefused, "this provider asks no wallets") }
    guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { throw Refusal.unknownLease }
    let budget = WalletBudget(amount, every: every ?? record.lease.terms.period, total: total)
    guard (Millisatoshi(1)...Millisatoshi.supply).contains(budget.amount) else {
      throw Refusal.invalidField("budget_msat", "a positive amount")
    }
    guard (1...Self.longestSpan.count).contains(budget.every.count) else {
      throw Refusal.invalidField("every_seconds", "1 to \(Self.longestSpan.count)")
    }
    if let total, !(Millisatoshi(1)...Millisatoshi.supply).contains(total) {
      throw Refusal.invalidField("total_msat", "a positive amount")
    }
    do throws(WalletFault) { _ = try wallets.outline(of: uri) } catch { throw Refusal.invalidField("nwc", error.words) }
    if let known = try await store.transaction({ tx in try tx.walletGrant(of: id) }), known.budget == budget,
      opened(known) == uri
    {
      return try await view(known)
    }
    try await introduce(uri, to: wallets)
    let keyring = credentials.keys.keyring
    let grant = WalletGrant(
      lease: id, sealed: keyring.seal(Array(uri.utf8), as: WalletGrant.name(id)), budget: budget, createdAt: clock.now()
    )
    try await loop.handle(
      .walletSet(true), for: id, eventID: EventID(.wallet, caller.requestID),
      cause: .init(type: .request, id: caller.requestID)
    ) { tx, _ in try tx.setWalletGrant(grant) }
    return try await view(grant)
  }

  /// Ten years.
  static let longestSpan: Seconds = .day * 3_660

  private func introduce(_ uri: String, to wallets: any RenterWallets) async throws {
    let isRoom = underWay.withLock { count in
      guard count < Self.mostAtOnce else { return false }
      count += 1
      return true
    }
    guard isRoom else { throw Refusal.tooManyAtOnce("wallets being introduced") }
    defer { underWay.withLock { $0 -= 1 } }
    do throws(WalletFault) {
      try await wallets.introduce(uri)
    } catch {
      throw Refusal.invoiceRefused(code: .walletRefused, error.words)
    }
  }

  /// `nil`: no wallet is asked.
  public func show(of id: LeaseID, _ caller: Caller) async throws -> View? {
    _ = try await credentials.require(.showWallet, of: id, caller)
    guard let grant = try await store.transaction({ tx in try tx.walletGrant(of: id) }) else { return nil }
    return try await view(grant)
  }

  /// No wallet is asked from here on; a request that is on its way is not called back.
  public func end(of id: LeaseID, _ caller: Caller) async throws {
    _ = try await credentials.require(.endWallet, of: id, caller)
    try await loop.handle(
      .walletSet(false), for: id, eventID: EventID(.wallet, caller.requestID),
      cause: .init(type: .request, id: caller.requestID)
    ) { tx, _ in try tx.dropWalletGrant(of: id) }
  }

  private func opened(_ grant: WalletGrant) -> String? {
    grant.uri(with: credentials.keys.keyring)
  }

  private func view(_ grant: WalletGrant) async throws -> View {
    let now = clock.now()
    let (all, last, isPaid) = try await store.transaction { tx in
      let last = try tx.lastWalletPull(of: grant.lease)
      return (
        try tx.walletPulls(of: grant.lease, since: grant.createdAt - Seconds(1), besides: nil), last,
        try last.flatMap { try tx.invoice($0.paymentHash) }?.state == .settled
      )
    }
    let end = all.map(\.countsAt).reduce(now) { max($0, $1) }
    let recent = all.filter { $0.countsAt > end - grant.budget.every }
    var outline: WalletOutline?
    if let wallets, let uri = opened(grant) {
      do throws(WalletFault) { outline = try wallets.outline(of: uri) } catch { outline = nil }
    }
    return View(
      outline: outline, budget: grant.budget, createdAt: grant.createdAt, spent: recent.total, spentInAll: all.total,
      last: last, lastIsPaid: isPaid)
  }
}

extension [PulledAmount] {
  /// More than there is counts as all there is.
  var total: Millisatoshi {
    reduce(into: Millisatoshi.zero) { sum, pulled in
      let (count, overflow) = sum.count.addingReportingOverflow(pulled.amount.count)
      sum = overflow ? .supply : Millisatoshi(count)
    }
  }
}
