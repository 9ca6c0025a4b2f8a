import Engine
import HTTPTypes
import Hummingbird
import Leasing
import Ledger
import Units
import Wire

/// More time for a lease from any wallet that scans (LNURL-pay, LUD-06) or knows its address (LUD-16). No credential is
/// shown, and none is given.
extension HTTPAPI {
  var topUpEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/.well-known/lnurlp/{name}") { exchange in
        try await forWallet {
          let name = exchange.parameter("name")
          let offer = try await engine.selling.topUps.offer(for: name)
          let base = exchange.base
          guard !base.isEmpty else { throw Problem.badHeader("Host must say where this server is") }
          return .json(
            PayRequestDocument(
              tag: "payRequest", callback: "\(base)/v1/lnurlp/\(name)", minSendable: offer.bounds.lowerBound.count,
              maxSendable: offer.bounds.upperBound.count, metadata: metadata(of: offer.lease),
              commentAllowed: Self.commentAllowed), headers: Self.forPages)
        }
      },
      Endpoint(.get, "/v1/lnurlp/{name}") { exchange in
        try await forWallet {
          guard let amount = try exchange.query("amount").flatMap({ Int64($0) }) else {
            throw Problem.invalid("amount", "the amount is a number of millisatoshis")
          }
          let invoice = try await engine.selling.topUps.invoice(
            for: exchange.parameter("name"), Millisatoshi(amount), describedBy: metadata(of:), exchange.caller())
          return .json(PayInvoiceDocument(pr: invoice, disposable: false), headers: Self.forPages)
        }
      },
    ]
  }

  /// A comment is taken, since wallets ask for one, and is not kept.
  private static let commentAllowed: Int64 = 140
  private static let forPages: HTTPFields = [.accessControlAllowOrigin: "*"]

  /// Where a lease's wallet-code leads, as a path.
  static func topUpPath(of lease: LeaseID) -> String { "/.well-known/lnurlp/\(lease.shortName)" }

  /// Wallets read a refusal as LNURL has it: `200`, and a reason. What should not have happened goes the way of all errors.
  private func forWallet(_ answer: () async throws -> Response) async throws -> Response {
    do {
      return try await answer()
    } catch {
      let problem = Self.problem(for: error)
      guard problem.code != .internal else { throw error }
      return .json(LNURLErrorDocument(status: "ERROR", reason: problem.detail), headers: Self.forPages)
    }
  }

  /// What the invoice's hash is of: the same text however often it is asked. It names the lease by its short name alone.
  private func metadata(of lease: LeaseID) -> String {
    var lines = [["text/plain", "More time for lease \(lease.shortName)"]]
    if let host = configuration.authorities.first { lines.append(["text/identifier", "\(lease.shortName)@\(host)"]) }
    return String(decoding: JSON.encode(lines), as: UTF8.self)
  }
}
