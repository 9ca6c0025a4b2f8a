import NIOHTTP1
import Text
import Wire

/// What only the provider may do, with the token of `<state>/admin.token`.
public struct AdminClient: Sendable {
  let client: LeaseholdClient
  private let authority: Call.Authority

  /// - Parameter token: a secret; never printed.
  public init(_ client: LeaseholdClient, token: String) {
    self.client = client
    authority = .line("Bearer \(token)")
  }

  public func overview() async throws(ClientError) -> Answer<OverviewDocument> {
    try await client.ask(OverviewDocument.self, Call(.GET, "/admin/v1/overview", as: authority))
  }

  /// - Parameter state: only those in it.
  public func leases(state: String? = nil) async throws(ClientError) -> ListDocument<AdminLeaseItem> {
    try await client.all("/admin/v1/leases", [("state", state)], as: authority)
  }

  public func lease(_ id: String) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await client.ask(AdminLeaseDocument.self, Call(.GET, path(id), as: authority))
  }

  /// - Parameter full: whether what was proved before is read again.
  public func audit(full: Bool = false) async throws(ClientError) -> Answer<AuditDocument> {
    try await client.ask(AuditDocument.self, Call(.GET, "/admin/v1/audit?full=\(full)", as: authority))
  }

  /// Of all leases, newest first: those that are pending, or all.
  public func payouts(all: Bool) async throws(ClientError) -> Answer<ListDocument<PayoutItem>> {
    try await client.ask(
      ListDocument<PayoutItem>.self,
      Call(.GET, "/admin/v1/payouts?state=\(all ? "all" : "pending")&limit=1000", as: authority))
  }

  public func payout(_ paymentHash: String) async throws(ClientError) -> Answer<PayoutItem> {
    try await client.ask(
      PayoutItem.self, Call(.GET, "/admin/v1/payouts/\(PercentCoding.encode(paymentHash))", as: authority))
  }

  public func failPayout(
    _ paymentHash: String, reason: String, force: Bool
  ) async throws(ClientError) -> Answer<PayoutItem> {
    let body = client.json(FailPayoutRequest(reason: reason, force: force))
    return try await client.ask(
      PayoutItem.self,
      Call(.POST, "/admin/v1/payouts/\(PercentCoding.encode(paymentHash))/fail", body: body, as: authority))
  }

  public func settlePayout(
    _ paymentHash: String, preimage: String, reason: String, feeMsat: Int64?
  ) async throws(ClientError) -> Answer<PayoutItem> {
    let body = client.json(SettlePayoutRequest(preimage: preimage, reason: reason, feeMsat: feeMsat))
    return try await client.ask(
      PayoutItem.self,
      Call(.POST, "/admin/v1/payouts/\(PercentCoding.encode(paymentHash))/settle", body: body, as: authority))
  }

  public func auditWithNode(takeIn: Bool) async throws(ClientError) -> Answer<NodeAuditDocument> {
    try await client.ask(
      NodeAuditDocument.self,
      Call(.POST, "/admin/v1/audit/node", body: client.json(NodeAuditRequest(takeIn: takeIn)), as: authority))
  }

  /// Oldest first: those that nobody has dealt with; or all, newest first.
  public func unbooked(all: Bool) async throws(ClientError) -> Answer<ListDocument<UnbookedItem>> {
    try await client.ask(
      ListDocument<UnbookedItem>.self,
      Call(.GET, "/admin/v1/unbooked?state=\(all ? "all" : "pending")&limit=1000", as: authority))
  }

  /// Makes it credit of its lease.
  public func creditUnbooked(_ paymentHash: String, reason: String) async throws(ClientError) {
    try await client.command(
      .POST, "/admin/v1/unbooked/\(PercentCoding.encode(paymentHash))/credit",
      body: client.json(UnbookedRequest(reason: reason)), as: authority)
  }

  /// Says that it was dealt with in another way.
  public func resolveUnbooked(_ paymentHash: String, reason: String) async throws(ClientError) {
    try await client.command(
      .POST, "/admin/v1/unbooked/\(PercentCoding.encode(paymentHash))/resolve",
      body: client.json(UnbookedRequest(reason: reason)), as: authority)
  }

  /// What renters were to be told and was not, newest first.
  public func deadLetters() async throws(ClientError) -> Answer<ListDocument<DeadLetterItem>> {
    try await client.ask(
      ListDocument<DeadLetterItem>.self, Call(.GET, "/admin/v1/notices?limit=1000", as: authority))
  }

  /// Sends it again: one, those of a lease, or all.
  public func retryNotices(
    id: Int64?, of lease: String?, reason: String
  ) async throws(ClientError) -> Answer<RetriedDocument> {
    let wish = RetryNoticesRequest(id: id, lease: lease, reason: reason)
    return try await client.ask(
      RetriedDocument.self, Call(.POST, "/admin/v1/notices/retry", body: client.json(wish), as: authority))
  }

  public func variants() async throws(ClientError) -> Answer<ListDocument<VariantItem>> {
    try await client.ask(ListDocument<VariantItem>.self, Call(.GET, "/admin/v1/variants", as: authority))
  }

  /// By day and offer, the newest day first.
  public func earnings(days: Int) async throws(ClientError) -> Answer<ListDocument<EarningItem>> {
    try await client.ask(ListDocument<EarningItem>.self, Call(.GET, "/admin/v1/earnings?days=\(days)", as: authority))
  }

  /// Makes an outage good, or says what that would come to.
  public func credit(_ wish: OutageCreditRequest) async throws(ClientError) -> Answer<OutageCreditItem> {
    try await client.ask(
      OutageCreditItem.self, Call(.POST, "/admin/v1/credits", body: client.json(wish), as: authority))
  }

  /// The newest first.
  public func credits() async throws(ClientError) -> Answer<ListDocument<OutageCreditItem>> {
    try await client.ask(
      ListDocument<OutageCreditItem>.self, Call(.GET, "/admin/v1/credits?limit=1000", as: authority))
  }

  /// Who waits for places of full offers, oldest first.
  public func waitlist() async throws(ClientError) -> Answer<ListDocument<WaitlistDocument>> {
    try await client.ask(
      ListDocument<WaitlistDocument>.self, Call(.GET, "/admin/v1/waitlist?limit=1000", as: authority))
  }

  /// What an operator does to a lease.
  public enum Action: String, Sendable, CaseIterable {
    case freeze
    case thaw
    case suspend
    case resume
  }

  /// - Parameter reason: why, for the renter; only of `freeze` and `suspend`.
  public func perform(
    _ action: Action, on id: String, because reason: String? = nil
  ) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, action.rawValue, reason.map { client.json(OperatorRequest(reason: $0)) })
  }

  /// Ends the lease at a moment; `nil` calls it off.
  ///
  /// - Parameter reason: why, for the renter.
  public func evict(
    _ id: String, until: Timestamp?, because reason: String? = nil
  ) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, "evict", client.json(EvictRequest(until: until, reason: reason)))
  }

  public func protect(_ id: String, _ protected: Bool) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, "protect", client.json(ProtectRequest(protected: protected)))
  }

  /// Believes the rate of a currency that is in doubt.
  public func confirmRate(of currency: String) async throws(ClientError) -> Answer<ExchangeRateDocument> {
    try await client.ask(
      ExchangeRateDocument.self,
      Call(.POST, "/admin/v1/exchange-rates/\(PercentCoding.encode(currency))/confirm", as: authority))
  }

  /// Ends the circuit breaker's holding back of suspensions.
  public func releaseBreaker() async throws(ClientError) {
    try await client.command(.POST, "/admin/v1/breaker/release", as: authority)
  }

  private func post(
    _ id: String, _ action: String, _ body: Call.Body?
  ) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    // The answer to an action may be the lease alone; what it became is then looked up.
    try await client.command(.POST, path(id) + "/" + action, body: body ?? .none, as: authority)
    return try await lease(id)
  }

  private func path(_ id: String) -> String { "/admin/v1/leases/\(PercentCoding.encode(id))" }
}
