import Engine
import HTTPTypes
import Hummingbird

/// What is refused, said on a page.
extension Pages {
  /// - Throws: what nobody is told the reason of; the front says so, and logs it.
  func sorry(_ error: any Error, _ visit: Visit) throws -> Response {
    guard let refusal = error as? Refusal else { throw error }
    let words = words(visit)
    let (status, key, detail) = Self.words(for: refusal)
    var headers: HTTPFields = [:]
    switch refusal {
    case .tooManyRequests(let seconds), .unavailable(let seconds, _), .noExchangeRate(let seconds, _):
      headers[.retryAfter] = String(seconds)
    case .unknownOffer, .unknownLease, .unknownPayment, .invalidField, .leaseClosed, .noCapacity, .full,
      .unknownWaitlistEntry,
      .idempotencyConflict, .unauthorized, .forbidden, .tooManyAtOnce, .invoiceRefused, .conflict, .unanswered:
      break
    }
    var response = page(
      "sorry", visit, ["sorry": words[key], "detail": detail, "heading": words["sorry_title"]],
      status: HTTPResponse.Status(code: status), isSecret: true)
    response.headers.append(contentsOf: headers)
    return response
  }

  private static func words(for refusal: Refusal) -> (status: Int, key: String, detail: String) {
    switch refusal {
    case .unknownOffer: (404, "sorry_offer", "")
    case .unknownLease: (404, "sorry_lease", "")
    case .unknownPayment: (404, "sorry_payment", "")
    case .invalidField(let field, let words): (422, "sorry_field", "\(field): \(words)")
    case .leaseClosed: (410, "sorry_closed", "")
    case .noCapacity, .full: (409, "sorry_full", "")
    case .unknownWaitlistEntry: (404, "sorry_ticket", "")
    case .idempotencyConflict: (409, "sorry_again", "")
    case .unauthorized(_, let detail): (401, "sorry_credential", detail)
    case .forbidden(_, let detail): (403, "sorry_forbidden", detail)
    case .tooManyRequests, .tooManyAtOnce: (429, "sorry_fast", "")
    case .unavailable(_, let words): (503, "sorry_later", words)
    case .invoiceRefused(_, let words): (422, "sorry_invoice", words)
    case .noExchangeRate(_, let words): (503, "sorry_rate", words)
    case .conflict(_, let words): (409, "sorry_conflict", words)
    case .unanswered(_, let words): (502, "sorry_later", words)
    }
  }
}
