import Hummingbird
import L402

/// Shows a film for a day to whoever paid for it. `invoice` asks a Lightning node for a payment hash and its BOLT 11 text.
func filmServer(
  keyring: MasterKeyring, now: @escaping @Sendable () -> Int64,
  invoice: @escaping @Sendable () async throws -> (PaymentHash, String)
) -> Router<BasicRequestContext> {
  let router = Router()
  router.get("/film") { request, _ -> Response in
    do {
      if let shown = try PresentedCredential.parse(authorization: request.headers[values: .authorization]) {
        let paid = try shown.verified(by: keyring, at: now()) { _ in false }  // none is revoked
        guard paid.isFor(lease: "film"), paid.expiry == .current else { throw HTTPError(.forbidden) }
        try paid.require(.read, method: "GET", source: nil)
        return Response(status: .ok, body: .init(byteBuffer: .init(string: "the film")))
      }
    } catch let refusal as CredentialRefusal {
      throw HTTPError(.unauthorized, message: refusal.reason)
    } catch let refusal as PermissionRefusal {
      throw HTTPError(.forbidden, message: refusal.reason)
    }
    let (paymentHash, text) = try await invoice()
    let sold = MintedCaveats(capabilities: .read, lease: "film", validUntil: now() + 86_400)
    let macaroon = try keyring.mint(paymentHash: paymentHash, token: keyring.newToken(), caveats: sold)
    let challenge = Challenge(macaroon: macaroon, invoice: text).wwwAuthenticate
    return Response(status: .init(code: 402), headers: [.wwwAuthenticate: challenge, .cacheControl: "no-store"])
  }
  return router
}
