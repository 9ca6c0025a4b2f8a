import Engine
import HTTPServing
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import Problems
import Wire

/// Every error of this door, and of any other that asks, becomes an answer here and nowhere else.
extension HTTPAPI {
  /// What an error looks like to the client: an RFC 9457 problem without internals.
  ///
  /// Never throws and never fails. For doors beside this one too: give it to them as their renderer.
  ///
  /// - Parameters:
  ///   - request: for what the answer depends on: `Accept-Authenticate`, and the lease in the path.
  ///   - requestID: told to the client, so that it can ask about it.
  public func problemResponse(for error: any Error, to request: Request? = nil, requestID: String? = nil) -> Response {
    if let wanted = error as? PaymentWanted {
      return paymentRequired(wanted.demand, to: request, requestID: requestID)
    }
    let problem = Self.problem(for: error)
    var document = ProblemDocument(
      type: ProblemDocument.namespace + problem.code.rawValue, title: problem.title, status: problem.status.code,
      detail: problem.detail.isEmpty ? nil : problem.detail, code: problem.code.rawValue, field: problem.field,
      request: requestID)
    document.links = links(for: problem, request)
    return .problem(document, problem.status, headers: problem.headers)
  }

  /// The `402`, exactly as clients in use read it: one `WWW-Authenticate` line, and everything a person wants to know
  /// in the body.
  private func paymentRequired(_ demand: PaymentDemand, to request: Request?, requestID: String?) -> Response {
    var headers: HTTPFields = [
      .wwwAuthenticate: demand.challenge.wwwAuthenticate, .link: manifestLink,
    ]
    if let request, request.headers[values: .acceptAuthenticate].contains(where: Self.asksForLSAT) {
      headers.append(HTTPField(name: .wwwAuthenticate, value: demand.challenge.lsat))
    }
    let satoshis = demand.amount.satoshisRoundedUp
    let hash = demand.paymentHash.hex
    let document = ProblemDocument(
      type: ProblemDocument.namespace + ProblemCode.paymentRequired.rawValue, title: "Payment required",
      status: HTTPResponse.Status.paymentRequired.code,
      detail: "pay the invoice, then send the request again with Authorization: L402 <macaroon>:<preimage>",
      code: ProblemCode.paymentRequired.rawValue, request: requestID, macaroon: demand.challenge.token,
      invoice: demand.challenge.invoice, paymentHash: hash, amountMsat: demand.amount.count, priceSats: satoshis,
      amountSats: satoshis, expiresAt: Timestamp(demand.expiresAt), price: demand.locked.map(PriceDocument.init(_:)),
      exchangeRate: demand.locked.map { ExchangeRateDocument($0.rate) }, purpose: demand.purpose.rawValue,
      held: demand.hasCapacity,
      lease: demand.lease.description, state: demand.state.rawValue,
      paidUntil: demand.paidUntil.map(Timestamp.init(_:)),
      reclaimsAt: demand.reclaimsAt.map(Timestamp.init(_:)),
      links: [
        "lease": link("/v1/leases/\(demand.lease)"), "payment": link("/v1/payments/\(hash)"),
        "renew": link("/v1/leases/\(demand.lease)/renewals"),
      ])
    return .problem(document, .paymentRequired, headers: headers)
  }

  private static func asksForLSAT(_ line: String) -> Bool {
    line.split(separator: ",").contains {
      $0.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ";" }).first?.lowercased() == "lsat"
    }
  }

  func link(_ path: String) -> String { configuration.publicURL + path }

  private func links(for problem: Problem, _ request: Request?) -> [String: String]? {
    switch problem.code {
    case .credentialStale:
      return request.flatMap { Self.lease(in: $0.head.path ?? "") }
        .map { ["credential": link("/v1/leases/\($0)/credential")] }
    case .noCapacity:
      var links = ["offers": link("/v1/offers")]
      if let offer = problem.fullOffer { links["waitlist"] = link("/v1/offers/\(offer)/waitlist") }
      return links
    case .unknownOffer, .exchangeRateUnavailable: return ["offers": link("/v1/offers")]
    default: return nil
    }
  }

  /// The lease that a path is about, whichever door's it is: its first segment that is the name of one, and nothing that
  /// stands behind.
  static func lease(in path: String) -> LeaseID? {
    // An address looks like one, and is a secret.
    guard !AddressPath.prefix.covers(path) else { return nil }
    for segment in path.prefix(while: { $0 != "?" }).split(separator: "/", maxSplits: 5).prefix(4) {
      if let lease = LeaseID(String(segment)) { return lease }
    }
    return nil
  }

  /// `404`, or `405` where the path is right and the method is not.
  func unknownRoute(_ path: String) -> Problem {
    let methods = endpoints.filter { $0.matches(path) }.map(\.method.rawValue)
    guard !methods.isEmpty else { return Problem(.notFound, .notFound, "there is nothing here") }
    let allowed = methods + (methods.contains("GET") ? ["HEAD"] : [])
    return Problem(
      .methodNotAllowed, .methodNotAllowed, "this can be asked with \(allowed.joined(separator: ", "))",
      headers: [.allow: allowed.joined(separator: ", ")])
  }
}

extension HTTPAPI {
  static func problem(for error: any Error) -> Problem {
    switch error {
    case let problem as Problem: problem
    case let refusal as Refusal: self.problem(for: refusal)
    case let fault as JSONFault: self.problem(for: fault)
    case let error as StoreError: self.problem(for: error)
    case let error as NodeError: self.problem(for: error)
    case is DriverError: .unavailable(after: 2, "the resource cannot be reached now")
    case is CancellationError: .unavailable(after: 1, "the request was given up")
    case let error as HTTPError: self.problem(for: error)
    case let error where BrokenRequest.isCause(of: error):
      Problem(.badRequest, .brokenOff, "the request broke off, or cannot be read", headers: [.connection: "close"])
    default: .internalFailure
    }
  }

  private static func problem(for refusal: Refusal) -> Problem {
    switch refusal {
    case .unknownOffer(let offer):
      return Problem(.notFound, .unknownOffer, "there is no offer \(offer.prefix(80))", field: "offer")
    case .unknownLease: return Problem(.notFound, .unknownLease, "there is no such lease")
    case .unknownPayment: return Problem(.notFound, .unknownPayment, "there is no such payment")
    case .invalidField(let field, let words): return .invalid(field, words)
    case .leaseClosed: return Problem(.gone, .leaseClosed, "the lease has ended")
    case .noCapacity: return Problem(.conflict, .noCapacity, "nothing of this is free now")
    case .full(let offer):
      var problem = Problem(
        .conflict, .noCapacity, "nothing of this is free now; whoever joins the waitlist is offered the next place")
      problem.fullOffer = offer
      return problem
    case .unknownWaitlistEntry:
      return Problem(.notFound, .unknownWaitlistEntry, "nobody waits under this name, or it is long over")
    case .idempotencyConflict:
      return Problem(.conflict, .idempotencyConflict, "this Idempotency-Key came with another body before")
    case .unauthorized(let reason, let detail):
      let isNone = reason == .badHeader
      let detail = isNone ? "Authorization must be: L402 <macaroon>:<preimage>" : detail
      // A challenge without parameters: the scheme to use (RFC 9110 §11.6.1), and nothing to pay.
      return Problem(.unauthorized, reason, detail, headers: [.wwwAuthenticate: "L402 realm=\"leasehold\""])
    case .forbidden(let reason, let detail): return Problem(.forbidden, reason, detail)
    case .tooManyRequests(let seconds):
      return Problem(
        .tooManyRequests, .tooManyRequests, "challenges are asked for too fast; this one cost nothing",
        headers: [.retryAfter: String(seconds)])
    case .tooManyAtOnce(let words):
      return Problem(.tooManyRequests, .tooManyAtOnce, words, headers: [.retryAfter: "1"])
    case .unavailable(let seconds, let words): return .unavailable(after: seconds, words)
    case .invoiceRefused(let code, let words):
      return Problem(.unprocessableContent, code, words, field: "invoice")
    case .noExchangeRate(let seconds, let words):
      return Problem(
        .serviceUnavailable, .exchangeRateUnavailable, words, headers: [.retryAfter: String(seconds)])
    case .conflict(let code, let words): return Problem(.conflict, code, words)
    case .unanswered(let code, let words):
      return Problem(code == .portSilent ? .gatewayTimeout : .badGateway, code, words)
    }
  }

  private static func problem(for fault: JSONFault) -> Problem {
    switch fault {
    case .malformed(let offset): Problem(.badRequest, .malformedJSON, "the body is not JSON at byte \(offset)")
    case .field(let field, let words): .invalid(field, words)
    }
  }

  private static func problem(for error: StoreError) -> Problem {
    switch error.kind {
    case .unavailable: .unavailable(after: 1, "the database cannot be reached now")
    case .outcomeUnknown: .unavailable(after: 1, "the outcome is not known; send the request again")
    case .conflict: .unavailable(after: 1, "somebody else was first; send the request again")
    case .invariant, .failed: .internalFailure
    }
  }

  private static func problem(for error: NodeError) -> Problem {
    switch error.kind {
    case .unknownInvoice: Problem(.notFound, .unknownInvoice, "the node has no such invoice")
    case .invoiceExpired: Problem(.conflict, .invoiceExpired, "the invoice can no longer be paid")
    case .unavailable, .labelTaken, .cannotCancel, .cannotPay, .garbage, .refused:
      .unavailable(after: 5, "the Lightning node does not answer")
    }
  }

  private static func problem(for error: HTTPError) -> Problem {
    switch error.status {
    case .notFound: Problem(.notFound, .notFound, "there is nothing here")
    case .contentTooLarge: Problem(.contentTooLarge, .tooLarge, "the body is too large")
    case .badRequest: .badHeader("the request cannot be read")
    default: error.status.code < 500 ? Problem(error.status, .badRequest, "") : .internalFailure
    }
  }
}

/// What may stand in a log: errors of ours were made for it, of others only the type is known to be harmless.
func loggable(_ error: any Error) -> String {
  switch error {
  case let error as StoreError: error.description
  case let error as NodeError: error.description
  case let error as DriverError: error.description
  default: String(describing: type(of: error))
  }
}

extension Problem {
  /// The code in words.
  fileprivate var title: String {
    let words = code.rawValue.split(separator: "-").joined(separator: " ")
    return words.prefix(1).uppercased() + words.dropFirst()
  }
}

extension HTTPResponse.Status {
  static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}
