import Text
import Units
import Wire

extension LeaseholdClient {
  /// `GET /v1/offers`, all pages.
  public func offers() async throws(ClientError) -> ListDocument<OfferDocument> {
    try await all("/v1/offers", as: .nobody)
  }

  public func offer(_ id: String) async throws(ClientError) -> Answer<OfferDocument> {
    try await ask(OfferDocument.self, Call(.GET, "/v1/offers/\(PercentCoding.encode(id))"))
  }

  /// Rents, and pays for it. A run that died is gone on with by asking for exactly the same again.
  ///
  /// - Parameters:
  ///   - limit: the most that may be paid, beside the budget.
  ///   - name: what the lease is called here: 1 to 40 lower-case letters, digits and hyphens.
  /// - Returns: the lease, perhaps still being made: ``waitUntilReady(_:)``.
  public func rent(
    _ request: RentRequest, limit: Millisatoshi? = nil, name: String? = nil
  ) async throws(ClientError) -> Answer<LeaseDocument> {
    let body = JSON.encode(request)
    // The run that died may have got as far as giving the name.
    if let name, try !isBegun("/v1/leases", body, name) { try state.checkName(name) }
    return try await purchase("/v1/leases", body, lease: nil, limit: limit, name: name).answer
  }

  private func isBegun(_ path: String, _ body: [UInt8], _ name: String) throws(ClientError) -> Bool {
    let fingerprint = Purchase.fingerprint(server, path, body)
    return try state.unfinishedPurchases(of: server).contains { $0.fingerprint == fingerprint && $0.name == name }
  }

  /// Buys more time. Works without a credential too: anyone may pay for a friend.
  public func renew(
    _ lease: String, periods: Int64? = nil, limit: Millisatoshi? = nil
  ) async throws(ClientError) -> Answer<LeaseDocument> {
    try await purchase(
      path(lease, "/renewals"), JSON.encode(RenewRequest(periods: periods)), lease: lease, limit: limit
    ).answer
  }

  /// Moves the lease to another offer; an upgrade is paid for.
  public func change(
    _ lease: String, to offer: String, limit: Millisatoshi? = nil
  ) async throws(ClientError) -> Answer<LeaseDocument> {
    try await purchase(path(lease, "/changes"), JSON.encode(ChangeRequest(offer: offer)), lease: lease, limit: limit)
      .answer
  }

  /// Lets usage cost so much a day; `nil`: whatever it comes to.
  public func limit(_ lease: String, satsPerDay: Int64?) async throws(ClientError) -> Answer<LeaseDocument> {
    let body = json(LimitsRequest(spendSatPerDay: satsPerDay))
    let answer = try await ask(
      LeaseDocument.self, Call(.PUT, path(lease, "/limits"), body: body, as: .lease(lease)))
    try state.note(answer.document, at: server)
    return answer
  }

  public func lease(_ id: String) async throws(ClientError) -> Answer<LeaseDocument> {
    let answer = try await ask(LeaseDocument.self, Call(.GET, path(id), as: .lease(id)))
    try state.note(answer.document, at: server)
    return answer
  }

  /// Waits while a lease is being made or resumed, and looks again four times a second.
  ///
  /// - Returns: the lease as it then is: `active`, unless something went wrong.
  public func waitUntilReady(_ id: String) async throws(ClientError) -> Answer<LeaseDocument> {
    while true {
      let answer = try await lease(id)
      switch answer.document.state {
      case "quoted", "provisioning": break
      // What is impaired may take as long as it likes, and is told.
      case "suspended" where answer.document.resuming == true && !answer.document.flags.impaired: break
      default: return answer
      }
      do { try await Task.sleep(for: .milliseconds(250)) } catch { throw .unreachable("interrupted") }
    }
  }

  /// Gives the lease back. What is left of its balance becomes credit.
  public func release(_ id: String) async throws(ClientError) -> Answer<LeaseDocument> {
    let answer = try await ask(LeaseDocument.self, Call(.DELETE, path(id), as: .lease(id)))
    try state.note(answer.document, at: server)
    return answer
  }

  public func usage(_ id: String) async throws(ClientError) -> ListDocument<UsageItem> {
    try await all(path(id, "/usage"), as: .lease(id))
  }

  public func ledger(_ id: String) async throws(ClientError) -> ListDocument<LedgerItem> {
    try await all(path(id, "/ledger"), as: .lease(id))
  }

  public func explain(_ id: String) async throws(ClientError) -> ListDocument<ExplainItem> {
    try await all(path(id, "/explain"), as: .lease(id))
  }

  /// Starts or stops a container; its time goes on.
  public func start(_ id: String) async throws(ClientError) {
    try await command(.POST, path(id, "/start"), as: .lease(id))
  }

  public func stop(_ id: String) async throws(ClientError) {
    try await command(.POST, path(id, "/stop"), as: .lease(id))
  }

  // MARK: Ways of asking

  func path(_ lease: String, _ rest: String = "") -> String { "/v1/leases/\(PercentCoding.encode(lease))\(rest)" }

  func json(_ document: some Encodable) -> Call.Body { .bytes(JSON.encode(document), type: "application/json") }

  /// Follows the cursor to the end.
  func all<Item: Hashable & Sendable & Codable>(
    _ path: String, _ items: [(String, String?)] = [], as authority: Call.Authority
  ) async throws(ClientError) -> ListDocument<Item> {
    var list = ListDocument<Item>(items: [])
    var cursor: String?
    repeat {
      let page = try await ask(
        ListDocument<Item>.self,
        Call(.GET, path + query(items + [("limit", "1000"), ("cursor", cursor)]), as: authority)
      ).document
      list.items += page.items
      // A server that names the same page again would be asked for ever.
      cursor = page.nextCursor == cursor ? nil : page.nextCursor
    } while cursor != nil
    return list
  }

  /// Sends, and passes over what is answered.
  func command(
    _ method: Method, _ path: String, body: Call.Body = .none, as authority: Call.Authority
  ) async throws(ClientError) {
    _ = try await Self.bytes(of: send(Call(method, path, body: body, as: authority)))
  }
}
