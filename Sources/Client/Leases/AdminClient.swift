import NIOHTTP1
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

  public func audit() async throws(ClientError) -> Answer<AuditDocument> {
    try await client.ask(AuditDocument.self, Call(.GET, "/admin/v1/audit", as: authority))
  }

  public func variants() async throws(ClientError) -> Answer<ListDocument<VariantItem>> {
    try await client.ask(ListDocument<VariantItem>.self, Call(.GET, "/admin/v1/variants", as: authority))
  }

  /// What an operator does to a lease.
  public enum Action: String, Sendable, CaseIterable {
    case freeze
    case thaw
    case suspend
    case resume
  }

  public func perform(_ action: Action, on id: String) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, action.rawValue, nil)
  }

  /// Ends the lease at a moment; `nil` calls it off.
  public func evict(_ id: String, until: Timestamp?) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, "evict", client.json(EvictRequest(until: until)))
  }

  public func protect(_ id: String, _ protected: Bool) async throws(ClientError) -> Answer<AdminLeaseDocument> {
    try await post(id, "protect", client.json(ProtectRequest(protected: protected)))
  }

  /// Believes the rate of a currency that is in doubt.
  public func confirmRate(of currency: String) async throws(ClientError) -> Answer<ExchangeRateDocument> {
    try await client.ask(
      ExchangeRateDocument.self,
      Call(.POST, "/admin/v1/exchange-rates/\(percentEncoded(currency))/confirm", as: authority))
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

  private func path(_ id: String) -> String { "/admin/v1/leases/\(percentEncoded(id))" }
}
