import Engine
import HTTPTypes
import Hummingbird
import L402
import Units
import Wire

extension HTTPAPI {
  var contactEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/leases/{lease}/contacts") { exchange in
        // At most five: a page is all.
        let all = try await engine.contacts.list(of: exchange.lease(), exchange.caller())
        return .json(ListDocument(items: all.map { ContactDocument($0) }, nextCursor: nil))
      },
      Endpoint(.post, "/v1/leases/{lease}/contacts") { exchange in
        let wish = try ContactWish(try await exchange.requiredDocument(ContactRequest.self))
        let made = try await engine.contacts.add(
          wish, to: exchange.lease(), base: exchange.base, exchange.caller())
        return .json(ContactDocument(made), .created)
      },
      Endpoint(.delete, "/v1/leases/{lease}/contacts/{contact}") { exchange in
        guard let token = TokenID(hex: exchange.parameter("contact")) else {
          throw Refusal.invalidField("contact", "no such contact of this lease")
        }
        try await engine.contacts.remove(token, of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
      // A link is followed by whatever looks into a mail: only a button does something.
      Endpoint(.get, "/n/{code}") { exchange in
        guard let found = try await engine.contacts.find(code: exchange.parameter("code")) else { throw Self.noContact }
        return settings(of: found, "/n/\(exchange.parameter("code"))")
      },
      Endpoint(.post, "/n/{code}/confirm") { exchange in
        guard try await engine.contacts.confirm(code: exchange.parameter("code")) else { throw Self.noContact }
        return .text("You will be told about this lease here.\n", "text/plain; charset=utf-8")
      },
      // Also what a mail program does with one click (RFC 8058).
      Endpoint(.post, "/n/{code}/end") { exchange in
        guard try await engine.contacts.end(code: exchange.parameter("code")) else { throw Self.noContact }
        return .text("Nothing more is sent here.\n", "text/plain; charset=utf-8")
      },
    ]
  }

  private static let noContact = Problem(.notFound, .notFound, "there is nothing here")

  private func settings(of view: ContactView, _ path: String) -> Response {
    let confirmed = view.contact.confirmedAt != nil
    let here = Markup.escaped(configuration.publicURL + path)
    let button = { (verb: String, words: String) in
      "<form method=\"post\" action=\"\(here)/\(verb)\"><button>\(words)</button></form>"
    }
    let text = """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Markup.escaped(configuration.title))</title>
      </head>
      <body>
      <h1>\(Markup.escaped(configuration.title))</h1>
      <p>Lease <code>\(view.contact.lease)</code>, \(Markup.escaped(view.masked ?? view.contact.channel.rawValue)).</p>
      \(confirmed ? "<p>It is told here what will happen to it.</p>" : button("confirm", "Yes, tell me here"))
      \(button("end", confirmed ? "Send nothing more" : "No, send nothing"))
      </body>
      </html>

      """
    return .text(
      text, "text/html; charset=utf-8",
      headers: [
        .contentSecurityPolicy: "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        .referrerPolicy: "no-referrer",
      ])
  }
}

extension ContactWish {
  /// - Parameter field: where it stands in the request.
  init(_ request: ContactRequest, at field: String = "webhook") throws {
    switch (request.webhook, request.email, request.nostr) {
    case (.some(let url), nil, nil): self.init(channel: .webhook, address: url)
    case (nil, .some(let address), nil): self.init(channel: .email, address: address)
    case (nil, nil, .some(let key)): self.init(channel: .nostr, address: key, relays: request.relays ?? [])
    default: throw Refusal.invalidField(field, "exactly one of webhook, email and nostr")
    }
    wantsInvoice = request.invoice ?? false
    guard request.nostr != nil || request.relays == nil else {
      throw Refusal.invalidField("relays", "only with nostr")
    }
  }
}

extension ContactDocument {
  init(_ view: ContactView) {
    let contact = view.contact
    self.init(
      contact: contact.token.hex, channel: contact.channel.rawValue, to: view.masked,
      confirmed: contact.confirmedAt != nil, invoice: contact.wantsInvoice ? true : nil,
      createdAt: Timestamp(contact.createdAt),
      deliveredAt: contact.deliveredAt.map(Timestamp.init(_:)),
      failingSince: contact.failingSince.map(Timestamp.init(_:)), secret: view.secret)
  }
}
