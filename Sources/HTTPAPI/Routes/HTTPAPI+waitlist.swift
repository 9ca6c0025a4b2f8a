import Engine
import HTTPTypes
import Hummingbird
import Wire

/// Who waits for places of full offers.
extension HTTPAPI {
  var waitlistEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/v1/offers/{offer}/waitlist") { exchange in
        let wish = try await exchange.requiredDocument(RentRequest.self)
        guard wish.offer == exchange.parameter("offer") else {
          throw Problem.invalid("offer", "is the one in the path")
        }
        let request = try Self.request(wish)
        let wishes = try (wish.contacts ?? []).enumerated().map { try ContactWish($1, at: "contacts/\($0)") }
        let contacts = try engine.contacts.waiting(wishes, base: exchange.base)
        let (view, secret) = try await engine.waitlist.join(
          request, contacts: contacts, body: Self.canonical(request), exchange.caller())
        var document = WaitlistDocument(view)
        if !contacts.isEmpty { document.contacts = contacts.map { ContactDocument($0) } }
        document.ticket = secret
        document.links = ["self": link("/v1/waitlist/\(secret)"), "rent": link("/v1/leases")]
        return .json(document, .created, headers: [.cacheControl: "no-store"])
      },
      Endpoint(.get, "/v1/waitlist/{ticket}") { exchange in
        switch try await engine.waitlist.look(exchange.parameter("ticket"), exchange.caller()) {
        case .stands(let view): .json(WaitlistDocument(view), headers: [.cacheControl: "no-store"])
        case .pay(let demand): throw PaymentWanted(demand: demand)
        }
      },
      Endpoint(.delete, "/v1/waitlist/{ticket}") { exchange in
        try await engine.waitlist.leave(exchange.parameter("ticket"))
        return Response(status: .noContent)
      },
    ]
  }

  /// For the operator, whose token is asked for where these are put together.
  var adminWaitlistEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/waitlist") { exchange in
        let found = try await engine.waitlist.list(limit: exchange.limit())
        return .json(ListDocument(items: found.map { WaitlistDocument($0) }))
      }
    ]
  }
}

extension WaitlistDocument {
  init(_ view: WaitlistView) {
    self.init(
      offer: view.entry.offer, state: view.state.rawValue, position: view.position,
      joinedAt: Timestamp(view.entry.joinedAt), expiresAt: Timestamp(view.entry.expiresAt),
      lease: view.entry.lease?.description, offeredUntil: view.offeredUntil.map(Timestamp.init(_:)))
  }
}
