import BOLT11
import L402
import Units
import Wire

/// Why an invoice is not paid.
public enum ChallengeFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// No `WWW-Authenticate` line that can be read.
  case missing
  case unreadableInvoice
  case noAmount
  /// The invoice asks for another amount than the answer says.
  case otherAmount(claimed: Int64, invoiced: Int64)
  case expired
  /// The identifier is not an L402's.
  case unreadableMacaroon
  /// Paying the invoice would not complete the macaroon.
  case otherPaymentHash
  /// The macaroon is for another lease than the one in question.
  case otherLease

  public var description: String {
    switch self {
    case .missing: "the 402 carries no challenge that can be read"
    case .unreadableInvoice: "the invoice cannot be read"
    case .noAmount: "the invoice names no amount"
    case .otherAmount(let claimed, let invoiced): "the answer says \(claimed) msat, the invoice \(invoiced) msat"
    case .expired: "the invoice has expired"
    case .unreadableMacaroon: "the macaroon's identifier is not that of an L402"
    case .otherPaymentHash: "the invoice's payment hash is not the macaroon's"
    case .otherLease: "the macaroon is for another lease"
    }
  }
}

/// A challenge that was found worth paying: only ``init(headers:problem:lease:at:)`` makes one.
struct PayableChallenge: Sendable {
  let challenge: Challenge
  let invoice: Invoice
  let amount: Millisatoshi
  let paymentHash: PaymentHash

  /// Checks everything that can be checked before money moves.
  ///
  /// - Parameters:
  ///   - headers: the `WWW-Authenticate` lines.
  ///   - problem: the body; what it says must agree with the invoice.
  ///   - lease: the lease in question, where it exists already.
  init(headers: [String], problem: ProblemDocument, lease: String?, at now: Instant) throws(ChallengeFault) {
    guard let challenge = Challenge(wwwAuthenticate: headers) else { throw .missing }
    try self.init(challenge, claimed: problem.amountMsat, lease: lease, at: now)
  }

  init(_ challenge: Challenge, claimed: Int64?, lease: String?, at now: Instant) throws(ChallengeFault) {
    let invoice: Invoice
    do throws(BOLT11Error) { invoice = try Invoice.parse(challenge.invoice) } catch { throw .unreadableInvoice }
    guard let amount = invoice.amount else { throw .noAmount }
    if let claimed, claimed != amount.count { throw .otherAmount(claimed: claimed, invoiced: amount.count) }
    guard let identifier = Identifier(challenge.macaroon.identifier) else { throw .unreadableMacaroon }
    guard identifier.paymentHash.bytes.array == invoice.paymentHash else { throw .otherPaymentHash }
    if let lease, let named = challenge.macaroon.value(of: .lease), named != lease { throw .otherLease }
    guard !invoice.isExpired(at: now) else { throw .expired }
    self.challenge = challenge
    self.invoice = invoice
    self.amount = amount
    paymentHash = identifier.paymentHash
  }
}
