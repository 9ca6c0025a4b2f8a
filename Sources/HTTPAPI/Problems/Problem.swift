import HTTPTypes
import Problems

/// A refusal of the door itself, ready to be rendered as an RFC 9457 problem.
struct Problem: Error, Hashable, Sendable {
  var status: HTTPResponse.Status
  var code: ProblemCode
  var detail: String
  var field: String?
  var headers: HTTPFields
  /// Which offer is full, where that is why.
  var fullOffer: String?

  init(
    _ status: HTTPResponse.Status, _ code: ProblemCode, _ detail: String, field: String? = nil,
    headers: HTTPFields = [:]
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.field = field
    self.headers = headers
  }

  static func badHeader(_ detail: String) -> Problem { Problem(.badRequest, .badHeader, detail) }

  static func invalid(_ field: String, _ detail: String) -> Problem {
    Problem(.unprocessableContent, .invalidField, detail, field: field)
  }

  static func unavailable(after seconds: Int, _ detail: String) -> Problem {
    Problem(.serviceUnavailable, .unavailable, detail, headers: [.retryAfter: String(seconds)])
  }

  static let internalFailure = Problem(.internalServerError, .internal, "this should not have happened")
}
