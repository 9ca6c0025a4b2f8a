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
  }

  struct State {
    /// By payment hash.
    var sales: [String: Sale] = [:]
    /// Open sales by idempotency key.
    var keys: [String: String] = [:]
    var leases: Set<String> = []
    var payments: [String] = []
    var requests: [MiniRequest] = []
    var swaps = 0

    // What goes wrong.
    var claimedAmount: Int64?
    var invoiceExpiry: Int64 = 600
    var asksAgain = false
    var hangsUpOnPaid = false
    var hangsUpAfterPaying = false
    var foreignHash = false
    var staleDoors = false
    var unpaidDoors = false
    var declines = false
    var busyAnswers = 0
  }

  let state = Mutex(State())
  private let node = NodeKey.random()
  private let root = MacaroonKey(rootKey: .random())
  let price: Int64 = 21_000

  /// Letters and digits, 26 of them.
  static func newID() -> String { String(Bytes32.random().hex.prefix(26)) }

  func answer(_ request: MiniRequest) -> MiniResponse {
    state.withLock { state in
      state.requests.append(request)
      if state.busyAnswers > 0 {
        state.busyAnswers -= 1
        return problem(503, "busy", headers: [("Retry-After", "1")])
      }
      let parts = request.path.split(separator: "/").map(String.init(_:))
      switch (request.method, parts.count) {
      case ("POST", 2) where request.path == "/v1/leases": return sell(request, lease: nil, &state)
      case ("POST", 4) where parts[3] == "renewals": return sell(request, lease: parts[2], &state)
      case ("POST", 4) where parts[3] == "credential": return swap(request, parts[2], &state)
      case ("GET", 3) where parts[1] == "payments": return claim(request, parts[2], &state)
      case ("GET", 3) where parts[1] == "leases": return lease(parts[2], status: 200)
      case ("POST", 2) where request.path == "/dev/pay": return pay(request, &state)
      case (_, 2...) where parts[0] == "dav": return door(request, parts[1], &state)
      default: return problem(404, "unknown-route")
      }
    }
  }

  // MARK: Selling

  private func sell(_ request: MiniRequest, lease: String?, _ state: inout State) -> MiniResponse {
    if let sale = paidSale(request, state), sale.path == request.path {
      if state.hangsUpOnPaid { return .hangUp }
      if !state.asksAgain {
        state.leases.insert(sale.lease)
        return self.lease(sale.lease, status: 201)
      }
    }
    let key = request.headers.first(name: "Idempotency-Key") ?? ""
    if !state.asksAgain, let hash = state.keys[key], let sale = state.sales[hash] { return challenge(sale, state) }
    let sale = makeSale(lease ?? Self.newID(), request.path, &state)
    state.keys[key] = sale.preimage.paymentHash.hex
    return challenge(sale, state)
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
    state.sales[hash]?.isPaid = true
    state.payments.append(hash)
    if state.hangsUpAfterPaying { return .hangUp }
    return MiniResponse(status: 200, body: JSON.encode(PreimageDocument(preimage: preimage.hex)))
  }

  private func claim(_ request: MiniRequest, _ hash: String, _ state: inout State) -> MiniResponse {
    guard let sale = state.sales[hash] else { return problem(404, "unknown-payment") }
    guard request.headers.first(name: "Authorization") == "L402 \(sale.challenge.token):"
    else { return problem(401, "bad-credential") }
    return MiniResponse(
      status: 200,
      body: JSON.encode(
        PaymentDocument(
          paymentHash: hash, state: sale.isPaid ? "settled" : "open", preimage: sale.isPaid ? sale.preimage.hex : nil)))
  }

  // MARK: Doors

  private func door(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard paidSale(request, state) != nil else { return problem(401, "credential-required") }
    if state.staleDoors { return problem(401, "credential-stale") }
    if state.unpaidDoors {
      let sale = makeSale(lease, request.path, &state)
      state.unpaidDoors = false
      return challenge(sale, state)
    }
    return MiniResponse(status: request.method == "PUT" ? 201 : 200, body: Array("content".utf8))
  }

  private func swap(_ request: MiniRequest, _ lease: String, _ state: inout State) -> MiniResponse {
    guard let sale = paidSale(request, state) else { return problem(401, "credential-required") }
    state.swaps += 1
    state.staleDoors = false
    let fresh = mint(Identifier(paymentHash: sale.preimage.paymentHash, token: TokenID(epoch: 0)), lease)
    return MiniResponse(
      status: 200,
      body: JSON.encode(
        MintedCredential(
          macaroon: Base64.encode(fresh.wire), token: "00", paymentHash: sale.preimage.paymentHash.hex,
          capabilities: Capabilities.all.list, validUntil: Timestamp(Instant(unixSeconds: 4_102_444_800)))))
  }

  private func lease(_ id: String, status: Int) -> MiniResponse {
    MiniResponse(
      status: status,
      body: JSON.encode(
        LeaseDocument(
          id: id, kind: "disk", offer: "disk-small", state: "active",
          flags: LeaseFlags(frozen: false, protected: false, impaired: false), version: 1, generation: 1,
          createdAt: Timestamp(Instant(unixSeconds: 0)), balanceMsat: price, debtMsat: 0, creditMsat: 0,
          rate: RateDocument(priceMsat: price, periodSeconds: 60), next: [],
          resources: ResourcesDocument(diskBytes: 1 << 20), links: [:])))
  }

  private func problem(_ status: Int, _ code: String, headers: [(String, String)] = []) -> MiniResponse {
    MiniResponse(
      status: status, headers: headers,
      body: JSON.encode(
        ProblemDocument(type: ProblemDocument.namespace + code, title: code, status: status, code: code)))
  }
}
