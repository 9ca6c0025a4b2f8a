import BOLT11
import Hummingbird
import Units

/// Draws up invoices under a key of its own, and says what an invoice of anybody asks for.
func invoiceServer(key: NodeKey, now: @escaping @Sendable () -> Instant) -> Router<BasicRequestContext> {
  let router = Router()
  router.post("/invoices/{satoshis}") { _, context in
    guard let satoshis = context.parameters.get("satoshis", as: Int64.self), (1...1_000_000).contains(satoshis) else {
      throw HTTPError(.badRequest)
    }
    var random = SystemRandomNumberGenerator()
    func bytes() -> [UInt8] { (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) } }
    let draft = InvoiceDraft(
      network: .regtest, amount: Millisatoshi(satoshis: satoshis), timestamp: now(), paymentHash: bytes(),
      paymentSecret: bytes(), subject: .description("\(satoshis) satoshis"), expiry: 600)
    return try draft.sign(with: key).text
  }
  router.get("/read/{text}") { _, context in
    do throws(BOLT11Error) {
      let invoice = try Invoice.parse(context.parameters.get("text") ?? "")
      let state = invoice.isExpired(at: now()) ? "expired" : "open"
      return "\(invoice.amount?.count ?? 0) msat on \(invoice.network), \(state)"
    } catch {
      throw HTTPError(.badRequest, message: "\(error)")
    }
  }
  return router
}
