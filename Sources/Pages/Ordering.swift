import BOLT11
import Engine
import HTTPTypes
import Hummingbird
import L402
import QR
import Units

/// An order without scripts: a form, an invoice, and a button that looks whether it was paid. Whatever has to be known for
/// the next step is in the form; with scripts the same page asks the JSON door instead.
extension Pages {
  @Sendable func order(_ visit: Visit) async throws -> Response {
    let offer = visit.parameters.get("offer") ?? ""
    let form = try await visit.form()
    let wish = try Wish(offer: offer, form)
    var caller = gate.caller(visit.request, peer: visit.peer)
    caller.idempotencyKey = wish.key
    switch try await gate.rent(wish.request, caller) {
    // Nothing was shown that could have been paid for.
    case .lease: throw Refusal.idempotencyConflict
    case .pay(let demand):
      var view = OrderView(words: words(visit))
      view.show(try Invoice.parse(demand.challenge.invoice), macaroon: demand.challenge.token, offer: offer, form)
      return page("order", visit, view.model.merging(named(offer)) { $1 }, isSecret: true)
    }
  }

  /// For a script that takes the order over.
  private func named(_ offer: String) -> [String: Any] {
    guard let offer = engine.catalog.offer(offer) else { return [:] }
    return ["title": offer.title, "kind": offer.terms.kind.rawValue]
  }

  /// Whether it was paid; if so the lease, and its credential to keep.
  @Sendable func look(_ visit: Visit) async throws -> Response {
    let form = try await visit.form()
    let wish = try Wish(offer: form["offer"] ?? "", form)
    let macaroon = form["macaroon"] ?? ""
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(String((form["invoice"] ?? "").prefix(2_000)))
    } catch {
      throw Refusal.invalidField("invoice", "load the order again")
    }
    guard let hash = PaymentHash(invoice.paymentHash) else { throw Refusal.unknownPayment }
    var caller = gate.caller(visit.request, peer: visit.peer)
    caller.authorization = ["L402 \(macaroon):"]
    let claimed = try await engine.claim(hash, caller)
    if claimed.state == .settled, let preimage = claimed.preimage {
      let credential = "L402 \(macaroon):\(preimage.hex)"
      caller.authorization = [credential]
      caller.idempotencyKey = wish.key
      if case .lease(let record) = try await gate.rent(wish.request, caller) {
        return try await leasePage(
          .overview, record,
          LeaseVisit(visit: visit, caller: caller, credential: credential, isForm: true, isNew: true))
      }
    }
    var view = OrderView(words: words(visit))
    view.show(invoice, macaroon: macaroon, offer: wish.request.offer, form)
    view.state(claimed)
    return page("order", visit, view.model.merging(named(wish.request.offer)) { $1 }, isSecret: true)
  }
}

/// An invoice for people; empty where a script fills it in.
struct OrderView {
  let words: Words.Language
  private(set) var model: [String: Any]

  init(words: Words.Language) {
    self.words = words
    model = ["isShown": false, "heading": words["pay_title"]]
  }

  mutating func show(_ invoice: Invoice, macaroon: String, offer: String, _ form: Form) {
    let upper = invoice.text.uppercased()
    model["isShown"] = true
    model["invoice"] = invoice.text
    model["sat"] = invoice.amount.map { words.number($0.satoshisRoundedUp) } ?? ""
    model["qr"] = QRCode("LIGHTNING:" + upper)?.svg ?? ""
    model["until"] = (invoice.timestamp + invoice.expiry).minute
    model["macaroon"] = macaroon
    model["offer"] = offer
    model["fields"] = (Wish.fields + ["key"]).map { ["name": $0, "value": form.fields[$0] ?? ""] }
  }

  mutating func state(_ claimed: ClaimedPayment) {
    model["isWaiting"] = claimed.state == .open
    model["isAccepted"] = claimed.state == .accepted || claimed.state == .settled
    model["isOver"] = claimed.state == .expired || claimed.state == .canceled
    model["failure"] = claimed.failure.map { $0.fault.words } ?? ""
  }
}
