import BOLT11
import Client
import L402
import Macaroons
import Synchronization
import Units
import Wire

/// A provider in miniature: leases, renewals, claims and an embedded node, with real macaroons, invoices and preimages.
/// It sells without looking twice; what it is for is the client's side.
final class Shop: Sendable {
  struct Sale {
    var preimage: Preimage
    var challenge: Challenge
    var lease: String
    var amount: Int64
    /// What was asked for.
    var path: String
    var isPaid = false
    /// The money is held and nothing is decided.
    var isHeld = false
    var isCanceled = false
    /// Why, where it is told.
    var failure: FailureDocument?
    /// The key under which a renewal's payment was presented first.
    var presentedUnder: String?
  }

  /// A lease whose time runs.
  struct Term {
    var paidUntil: Instant
    var state = "active"
    var cause: String?
    var version: Int64 = 1
    var offer = "disk-small"
    var renewals = 0
  }

  struct State {
    /// By payment hash.
    var sales: [String: Sale] = [:]
    /// Open sales by idempotency key.
    var keys: [String: String] = [:]
    var leases: Set<String> = []
    var payments: [String] = []
    var requests: [MiniRequest] = []
    var terms: [String: Term] = [:]
    var period: Int64 = 60
    /// What happens to every lease of itself.
    var next: [NextAction] = []
    var swaps = 0
    /// Of any lease.
    var credit: Int64 = 50_000
    /// By idempotency key.
    var moves: [String: SpentCreditDocument] = [:]
    /// What becomes of a payout, the first time it is asked for and after.
    var payoutStates = ["paid"]
    var refunds: [RefundDocument] = []
    /// Tokens that open nothing any more.
    var revoked: Set<String> = []
    /// By lease, whatever was minted.
    var tokens: [String: Set<String>] = [:]
    /// What a rotation minted, by what was shown and the key.
    var rotations: [String: Macaroon] = [:]

    // What goes wrong.
    var claimedAmount: Int64?
    var invoiceExpiry: Int64 = 600
    var asksAgain = false
    var hangsUpOnPaid = false
    var hangsUpAfterPaying = false
    var hangsUpAfterMoving = false
    var foreignHash = false
    var staleDoors = false
    var unpaidDoors = false
    /// What a folder holds, whichever is asked for: `207 Multi-Status`.
    var listing: String?
    /// No door opens before a renewal was paid.
    var suspendedUntilPaid = false
    var declines = false
    var busyAnswers = 0
    /// What a container wrote; of each answer, from where on it is kept and after how many bytes the line breaks.
    var log: [UInt8] = []
    var logAnswers: [(keptFrom: Int, cutsOffAfter: Int?)] = []
    /// What is answered to everything.
    var refusal: (status: Int, code: String)?
  }

  let state = Mutex(State())
  private let node = NodeKey.random()
  private let root = MacaroonKey(rootKey: .random())
  let price: Int64 = 21_000
  /// A lease that is somebody else's.
  static let target = "01hzy3v9k2m4n6p8q0r2s4t6v8"

  /// Letters and digits, 26 of them.
  static func newID() -> String { String(Bytes32.random().hex.prefix(26)) }

  func answer(_ request: MiniRequest) -> MiniResponse {
    state.withLock { state in
      state.requests.append(request)
      if state.busyAnswers > 0 {
        state.busyAnswers -= 1
        return problem(503, "busy", headers: [("Retry-After", "1")])
      }
      if let refusal = state.refusal { return problem(refusal.status, refusal.code) }
      let path = request.path.prefix { $0 != "?" }
      let parts = path.split(separator: "/").map(String.init(_:))
      switch (request.method, parts.count) {
      case ("POST", 2) where request.path == "/v1/leases": return sell(request, lease: nil, &state)
      case ("POST", 4) where parts[3] == "renewals": return sell(request, lease: parts[2], &state)
      case ("POST", 4) where parts[3] == "changes": return sell(request, lease: parts[2], &state)
      case ("POST", 5) where parts[4] == "rotate": return rotate(request, parts[2], &state)
      case ("POST", 4) where parts[3] == "credential": return swap(request, parts[2], &state)
      case ("POST", 4) where parts[3] == "refund": return refund(request, parts[2], &state)
      case ("POST", 4) where parts[3] == "credit": return move(request, parts[2], &state)
      case ("GET", 4) where parts[3] == "refunds":
        return MiniResponse(status: 200, body: JSON.encode(ListDocument(items: state.refunds)))
      case ("GET", 3) where parts[1] == "payments": return claim(request, parts[2], &state)
      case ("GET", 3) where parts[1] == "leases": return self.lease(parts[2], state, status: 200)
      case ("GET", 4) where parts[3] == "logs": return logs(request, &state)
      case ("GET", 4) where parts[3] == "events": return events(request, parts[2], state)
      case ("GET", 2) where parts[1] == "offers":
        return MiniResponse(status: 200, body: JSON.encode(ListDocument(items: [offer("disk-small", state)])))
      case ("GET", 3) where parts[1] == "offers":
        return MiniResponse(status: 200, body: JSON.encode(offer(parts[2], state)))
      case ("GET", 4) where ["usage", "ledger", "explain", "credentials"].contains(parts[3]):
        return MiniResponse(status: 200, body: Array("{\"items\":[],\"next_cursor\":null}".utf8))
      case ("POST", 2) where request.path == "/dev/pay": return pay(request, &state)
      case (_, 2...) where parts[0] == "dav": return door(request, parts[1], &state)
      default: return problem(404, "unknown-route")
      }
    }
  }

  private func logs(_ request: MiniRequest, _ state: inout State) -> MiniResponse {
    let next =
      state.logAnswers.isEmpty ? (keptFrom: state.log.count, cutsOffAfter: nil) : state.logAnswers.removeFirst()
    let asked = request.path.split(separator: "from=").dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
    let start = max(asked ?? 0, next.keptFrom)
    return MiniResponse(
      status: 200, headers: [("Log-Position", "\(start)")], body: Array(state.log.dropFirst(start)),
      cutsOffAfter: next.cutsOffAfter)
  }

  // MARK: Selling

  private func sell(_ request: MiniRequest, lease: String?, _ state: inout State) -> MiniResponse {
    if isRevoked(request, state) { return problem(401, "credential-revoked") }
    if let sale = paidSale(request, state), sale.path == request.path {
      if state.hangsUpOnPaid { return .hangUp }
      if !state.asksAgain, present(sale, request, &state) {
        state.leases.insert(sale.lease)
        return self.lease(sale.lease, state, status: 201)
      }
    }
    let key = request.headers.first(name: "Idempotency-Key") ?? ""
    if !state.asksAgain, let hash = state.keys[key], let sale = state.sales[hash] {
      if sale.presentedUnder == key { return self.lease(sale.lease, state, status: 200) }
      return challenge(sale, state)
    }
    // One open renewal to a lease.
    let open = state.sales.values.first { $0.lease == lease && $0.path == request.path && !$0.isPaid && !$0.isCanceled }
    let sale = open ?? makeSale(lease ?? Self.newID(), request.path, &state)
    state.keys[key] = sale.preimage.paymentHash.hex
    return challenge(sale, state)
  }

  /// A renewal's payment counts for the first request that shows it, and for any under the same key.
  private func present(_ sale: Sale, _ request: MiniRequest, _ state: inout State) -> Bool {
    guard sale.path.hasSuffix("/renewals") else { return true }
    let key = request.headers.first(name: "Idempotency-Key")
    guard sale.presentedUnder == nil || sale.presentedUnder == key else { return false }
    state.sales[sale.preimage.paymentHash.hex]?.presentedUnder = key ?? ""
    return true
  }

  /// Settles a payment: what it buys is booked with it, and once.
  func settle(_ hash: String, _ state: inout State) {
    guard let sale = state.sales[hash], !sale.isPaid else { return }
    state.sales[hash]?.isPaid = true
    state.sales[hash]?.isHeld = false
    if sale.path.hasPrefix("/dav") { state.suspendedUntilPaid = false }
    guard sale.path.hasSuffix("/renewals"), var term = state.terms[sale.lease] else { return }
    let from = term.state == "suspended" ? LeaseholdClient.systemClock() : term.paidUntil
    term.paidUntil = from + Seconds(state.period)
    term.state = "active"
    term.cause = nil
    term.version += 1
    term.renewals += 1
    state.terms[sale.lease] = term
  }

  private func makeSale(_ lease: String, _ path: String, _ state: inout State) -> Sale {
    let preimage = Preimage.random()
    let invoiced = state.foreignHash ? Preimage.random() : preimage
    let draft = InvoiceDraft(
      network: .regtest, amount: Millisatoshi(price), timestamp: LeaseholdClient.systemClock(),
      paymentHash: invoiced.paymentHash.bytes.array, paymentSecret: Bytes32.random().array,
      subject: .description("a lease"), expiry: Seconds(state.invoiceExpiry))
    guard let invoice = try? draft.sign(with: node) else { preconditionFailure("the draft is sound") }
    let macaroon = mint(Identifier(paymentHash: preimage.paymentHash, token: TokenID(epoch: 0)), lease)
    let sale = Sale(
      preimage: preimage, challenge: Challenge(macaroon: macaroon, invoice: invoice.text), lease: lease, amount: price,
      path: path)
    state.sales[preimage.paymentHash.hex] = sale
    state.tokens[lease, default: []].insert(Self.token(macaroon))
    return sale
  }

  private func mint(_ identifier: Identifier, _ lease: String) -> Macaroon {
    Macaroon(
      location: "leasehold", identifier: identifier.bytes,
      caveats: MintedCaveats(capabilities: .all, lease: lease, validUntil: 4_102_444_800).caveats.map {
        Array($0.utf8)
      },
      key: root)
  }

  private func challenge(_ sale: Sale, _ state: State) -> MiniResponse {
    var problem = ProblemDocument(
      type: ProblemDocument.namespace + "payment-required", title: "payment required", status: 402,
      code: "payment-required")
    problem.amountMsat = state.claimedAmount ?? sale.amount
    problem.lease = sale.lease
    problem.purpose = "purchase"
    return MiniResponse(
      status: 402, headers: [("WWW-Authenticate", sale.challenge.wwwAuthenticate)], body: JSON.encode(problem))
  }

  private func paidSale(_ request: MiniRequest, _ state: State) -> Sale? {
    guard let line = request.headers.first(name: "Authorization"), let credential = Credential(line),
      let sale = state.sales[credential.paymentHash.hex], sale.isPaid
    else { return nil }
    return sale
  }

  // MARK: The node

  private func pay(_ request: MiniRequest, _ state: inout State) -> MiniResponse {
    guard !state.declines, let asked = try? JSON.decode(PayRequest.self, from: request.body),
      let hash = state.sales.first(where: { $0.value.challenge.invoice == asked.invoice })?.key,
      let preimage = state.sales[hash]?.preimage
    else { return problem(404, "unknown-invoice") }
    settle(hash, &state)
    state.payments.append(hash)
    if state.hangsUpAfterPaying { return .hangUp }
    return MiniResponse(status: 200, body: JSON.encode(PreimageDocument(preimage: preimage.hex)))
  }

  private func claim(_ request: MiniRequest, _ hash: String, _ state: inout State) -> MiniResponse {
    guard let sale = state.sales[hash] else { return problem(404, "unknown-payment") }
    guard request.headers.first(name: "Authorization") == "L402 \(sale.challenge.token):"
    else { return problem(401, "bad-credential") }
    let word = sale.isPaid ? "settled" : sale.isCanceled ? "canceled" : sale.isHeld ? "accepted" : "open"
    return MiniResponse(
      status: 200,
      body: JSON.encode(
        PaymentDocument(
          paymentHash: hash, state: word, preimage: sale.isPaid ? sale.preimage.hex : nil,
          failure: sale.isCanceled ? sale.failure : nil)))
  }

  // MARK: Money back

  private func refund(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard paidSale(request, state) != nil else { return problem(401, "credential-required") }
    let word = state.payoutStates.count > 1 ? state.payoutStates.removeFirst() : state.payoutStates[0]
    var refund = RefundDocument(
      lease: lease, creditMsat: state.credit, paymentHash: String(repeating: "0", count: 64), state: word,
      amountMsat: 20_000, askedAt: Timestamp(LeaseholdClient.systemClock()))
    if word == "failed" { refund.reason = "no route" }
    state.refunds = [refund]
    return MiniResponse(status: word == "pending" ? 202 : 200, body: JSON.encode(refund))
  }

  private func move(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard paidSale(request, state) != nil else { return problem(401, "credential-required") }
    guard let key = request.headers.first(name: "Idempotency-Key"),
      let wish = try? JSON.decode(SpendCreditRequest.self, from: request.body)
    else { return problem(422, "invalid-field") }
    if state.moves[key] == nil {
      let amount = wish.amountMsat ?? state.credit
      guard amount > 0, amount <= state.credit else { return problem(422, "invalid-field") }
      state.credit -= amount
      state.moves[key] = SpentCreditDocument(lease: lease, to: wish.to, amountMsat: amount, creditMsat: state.credit)
    }
    if state.hangsUpAfterMoving { return .hangUp }
    return MiniResponse(status: 200, body: JSON.encode(state.moves[key]))
  }

  // MARK: Doors

  private func door(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard paidSale(request, state) != nil else { return problem(401, "credential-required") }
    if isRevoked(request, state) { return problem(401, "credential-revoked") }
    if state.staleDoors { return problem(401, "credential-stale") }
    if state.suspendedUntilPaid {
      let open = state.sales.values.first { $0.lease == lease && $0.path.hasPrefix("/dav") && !$0.isPaid }
      return challenge(open ?? makeSale(lease, request.path, &state), state)
    }
    if state.unpaidDoors {
      let sale = makeSale(lease, request.path, &state)
      state.unpaidDoors = false
      return challenge(sale, state)
    }
    if request.method == "PROPFIND" {
      return MiniResponse(status: 207, body: Array((state.listing ?? "<multistatus></multistatus>").utf8))
    }
    return MiniResponse(status: request.method == "PUT" ? 201 : 200, body: Array("content".utf8))
  }

  private func swap(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard let sale = paidSale(request, state) else { return problem(401, "credential-required") }
    if isRevoked(request, state) { return problem(401, "credential-revoked") }
    state.swaps += 1
    state.staleDoors = false
    let fresh = mint(Identifier(paymentHash: sale.preimage.paymentHash, token: TokenID(epoch: 0)), lease)
    state.tokens[lease, default: []].insert(Self.token(fresh))
    return minted(fresh, sale)
  }

  /// The same shown again under the same key is told the same, revoked as it is by then.
  private func rotate(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard let sale = paidSale(request, state), let shown = Self.shown(request) else {
      return problem(401, "credential-required")
    }
    let key = shown + (request.headers.first(name: "Idempotency-Key") ?? "")
    if let told = state.rotations[key], !state.revoked.contains(Self.token(told)) { return minted(told, sale) }
    if isRevoked(request, state) { return problem(401, "credential-revoked") }
    let fresh = mint(Identifier(paymentHash: sale.preimage.paymentHash, token: TokenID(epoch: 0)), lease)
    state.revoked.formUnion(state.tokens[lease] ?? [])
    state.tokens[lease] = [Self.token(fresh)]
    state.rotations[key] = fresh
    return minted(fresh, sale)
  }

  private func minted(_ macaroon: Macaroon, _ sale: Sale) -> MiniResponse {
    MiniResponse(
      status: 200,
      body: JSON.encode(
        MintedCredential(
          macaroon: Base64.encode(macaroon.wire), token: "00", paymentHash: sale.preimage.paymentHash.hex,
          capabilities: Capabilities.all.list, validUntil: Timestamp(Instant(unixSeconds: 4_102_444_800)))))
  }

  private static func token(_ macaroon: Macaroon) -> String { Identifier(macaroon.identifier)?.token.hex ?? "" }

  private static func shown(_ request: MiniRequest) -> String? {
    request.headers.first(name: "Authorization").flatMap { Credential($0) }.map { token($0.macaroon) }
  }

  private func isRevoked(_ request: MiniRequest, _ state: State) -> Bool {
    Self.shown(request).map { state.revoked.contains($0) } ?? false
  }

  /// Whether a line opens its lease.
  func isGood(_ authorization: String, _ state: State) -> Bool {
    guard let credential = Credential(authorization) else { return false }
    return state.sales[credential.paymentHash.hex]?.isPaid == true
      && !state.revoked.contains(Self.token(credential.macaroon))
  }

  private func lease(_ id: String, _ state: State, status: Int) -> MiniResponse {
    let term = state.terms[id]
    return MiniResponse(
      status: status,
      body: JSON.encode(
        LeaseDocument(
          id: id, kind: "disk", offer: term?.offer ?? "disk-small", state: term?.state ?? "active", cause: term?.cause,
          flags: LeaseFlags(frozen: false, protected: false, impaired: false), version: term?.version ?? 1,
          generation: 1, createdAt: Timestamp(Instant(unixSeconds: 0)),
          paidUntil: term.map { Timestamp($0.paidUntil) }, balanceMsat: price, debtMsat: 0, creditMsat: 0,
          rate: RateDocument(priceMsat: price, periodSeconds: state.period), next: state.next,
          resources: ResourcesDocument(diskBytes: 1 << 20), links: [:])))
  }

  /// What has happened so far; the stream then ends, and a client comes again.
  private func events(_ request: MiniRequest, _ lease: String, _ state: State) -> MiniResponse {
    let since = request.headers.first(name: "Last-Event-ID").flatMap { Int64($0) } ?? 0
    guard let term = state.terms[lease], term.version > since else {
      return MiniResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: [])
    }
    let event = FeedEvent(
      lease: lease, at: Timestamp(LeaseholdClient.systemClock()), version: term.version, event: term.state,
      state: term.state, links: [:])
    let text = "id: \(term.version)\nevent: \(term.state)\ndata: \(JSON.text(event))\n\n"
    return MiniResponse(status: 200, headers: [("Content-Type", "text/event-stream")], body: Array(text.utf8))
  }

  private func offer(_ id: String, _ state: State) -> OfferDocument {
    OfferDocument(
      id: id, kind: "disk", title: "a disk", periodSeconds: state.period, priceMsat: price,
      resources: ResourcesDocument(diskBytes: 1 << 20), meters: [],
      policy: PolicyDocument(
        quoteSeconds: 600, leadSeconds: max(1, state.period / 4), graceSeconds: 0, retentionSeconds: 60),
      maxPeriods: 100, images: [], available: 3)
  }

  private func problem(_ status: Int, _ code: String, headers: [(String, String)] = []) -> MiniResponse {
    MiniResponse(
      status: status, headers: headers,
      body: JSON.encode(
        ProblemDocument(type: ProblemDocument.namespace + code, title: code, status: status, code: code)))
  }
}
