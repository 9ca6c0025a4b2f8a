import Engine

/// Who may ask for a route.
enum RouteAccess: Hashable, Sendable {
  case anyone
  /// Sells a lease that does not exist yet.
  case buyer
  /// The holder of a credential that allows the action; of the lease in the path, where there is one.
  case holder(LeaseAction)
  /// The same, and strangers, who are asked to pay.
  case holderOrPayer(LeaseAction)
  /// Whoever holds a challenge's macaroon, paid or not.
  case claimant
  /// The provider.
  case provider
}

extension Endpoint {
  /// `nil` for a route that is not in the table: it is not served.
  var access: RouteAccess? {
    path.hasPrefix("/admin/") ? .provider : RouteAccess.table["\(method.rawValue) \(path)"]
  }
}

extension RouteAccess {
  /// Every route that is not the provider's, and who may ask for it. A route that is missing here stops the daemon at
  /// its start.
  static let table: [String: RouteAccess] = [
    "GET /healthz": .anyone,
    "GET /readyz": .anyone,
    // It tells the business: leases, money, capacity.
    "GET /metrics": .provider,
    "GET /openapi.json": .anyone,
    "GET /.well-known/l402.json": .anyone,
    "GET /llms.txt": .anyone,
    "GET /v1/offers": .anyone,
    "GET /v1/offers/{offer}": .anyone,
    // It sells as POST /v1/leases does.
    "GET /v1/offers/{offer}/lease": .buyer,
    // Anybody may pay for a lease, and gets nothing for it.
    "GET /.well-known/lnurlp/{name}": .anyone,
    "GET /v1/lnurlp/{name}": .anyone,
    // The embedded node's own wallet: it pays with its own money.
    "POST /dev/pay": .anyone,
    "POST /dev/invoice": .anyone,
    "POST /v1/offers/{offer}/waitlist": .buyer,
    "GET /v1/waitlist/{ticket}": .buyer,
    "DELETE /v1/waitlist/{ticket}": .anyone,
    "POST /v1/leases": .buyer,
    "POST /v1/quotes": .buyer,
    "GET /v1/payments/{payment_hash}": .claimant,
    "GET /v1/credential": .holder(.introspect),
    "GET /v1/leases/{lease}": .holder(.look),
    "GET /v1/leases/{lease}/usage": .holder(.usage),
    "GET /v1/leases/{lease}/ledger": .holder(.ledger),
    "GET /v1/leases/{lease}/explain": .holder(.explain),
    "GET /v1/leases/{lease}/events": .holder(.events),
    "POST /v1/leases/{lease}/renewals": .holderOrPayer(.renew),
    "POST /v1/leases/{lease}/changes": .holder(.change),
    "PUT /v1/leases/{lease}/limits": .holder(.limit),
    "DELETE /v1/leases/{lease}": .holder(.release),
    "POST /v1/leases/{lease}/refund": .holder(.refund),
    "GET /v1/leases/{lease}/refunds": .holder(.ledger),
    "POST /v1/leases/{lease}/credit": .holder(.refund),
    "POST /v1/leases/{lease}/credential": .holder(.swap),
    "GET /v1/leases/{lease}/credentials": .holder(.listCredentials),
    "POST /v1/leases/{lease}/credentials": .holder(.lend),
    "DELETE /v1/leases/{lease}/credentials/{token}": .holder(.revoke),
    "POST /v1/leases/{lease}/credentials/rotate": .holder(.rotate),
    "GET /v1/leases/{lease}/addresses": .holder(.listAddresses),
    "POST /v1/leases/{lease}/addresses": .holder(.makeAddress),
    "DELETE /v1/leases/{lease}/addresses/{token}": .holder(.revokeAddress),
    "GET /v1/leases/{lease}/contacts": .holder(.listContacts),
    "POST /v1/leases/{lease}/contacts": .holder(.setContacts),
    "DELETE /v1/leases/{lease}/contacts/{contact}": .holder(.setContacts),
    // Whoever has the code was sent it.
    "GET /n/{code}": .anyone,
    "POST /n/{code}/confirm": .anyone,
    "POST /n/{code}/end": .anyone,
    "GET /v1/leases/{lease}/wallet": .holder(.showWallet),
    "PUT /v1/leases/{lease}/wallet": .holder(.setWallet),
    "DELETE /v1/leases/{lease}/wallet": .holder(.endWallet),
    "GET /v1/leases/{lease}/attachments": .holder(.listAttachments),
    "DELETE /v1/leases/{lease}/attachments": .holder(.endAttachments),
    "DELETE /v1/leases/{lease}/attachments/{other}": .holder(.endAttachments),
    "POST /v1/leases/{lease}/exec": .holder(.exec),
    "GET /v1/leases/{lease}/logs": .holder(.logs),
    "POST /v1/leases/{lease}/start": .holder(.start),
    "POST /v1/leases/{lease}/stop": .holder(.stop),
  ]
}
