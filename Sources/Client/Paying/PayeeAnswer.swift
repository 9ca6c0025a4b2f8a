import L402
import Macaroons
import NIOHTTP1
import Units
import Wire

/// What the payee says of a payment.
enum PayeeAnswer: Sendable {
  case settled(Preimage)
  /// The money is held and the payee has not decided: what is bought is being made.
  case accepted
  /// Nobody has paid, and somebody still may.
  case open
  /// Expired, called off, or never heard of: it cannot be paid any more. Where it was called off because what it was to
  /// buy could not be made, the payee says why.
  case gone(FailureDocument? = nil)
}

extension LeaseholdClient {
  /// Asks whether an invoice was paid: the one route that takes a macaroon without its preimage.
  func answer(on paymentHash: String, with macaroon: Macaroon) async throws(ClientError) -> PayeeAnswer {
    let document: PaymentDocument
    do throws(ClientError) {
      document = try await ask(
        PaymentDocument.self,
        Call(.GET, "/v1/payments/\(paymentHash)", as: .line("L402 \(Base64.encode(macaroon.wire)):"))
      ).document
    } catch {
      // An invoice the payee has never heard of, or has long forgotten, was not paid to them.
      if case .problem(let problem) = error, problem.status == 404 { return .gone() }
      // What was asked for under a credential that has ended, or keys that are lost, is worth nothing any more.
      if error.saysCredentialEnded { return .gone() }
      throw error
    }
    if let text = document.preimage {
      guard let preimage = Preimage(hex: text), preimage.paymentHash.hex == paymentHash
      else { throw .unreadable("the preimage is not that of the payment hash") }
      return .settled(preimage)
    }
    switch document.state {
    // Offered no longer, and can still be paid.
    case "open", "replaced": return .open
    case "accepted": return .accepted
    case "canceled", "expired": return .gone(document.failure)
    // Settled without a preimage would be a payee that keeps the receipt.
    case "settled": throw .unreadable("the payment is settled and carries no preimage")
    default: throw .unreadable("a payment in state '\(document.state)'")
    }
  }

  /// The same, once it is no longer `accepted`: the payee decides within its own deadline, which is waited for.
  func decision(on paymentHash: String, with macaroon: Macaroon) async throws(ClientError) -> PayeeAnswer {
    let end = now() + Self.decisionPatience
    var isTold = false
    while true {
      let answer = try await answer(on: paymentHash, with: macaroon)
      guard case .accepted = answer else { return answer }
      guard now() < end else {
        throw .wallet(.uncertain("the payment has arrived and the provider has not decided on it"))
      }
      if !isTold { tell(.held) }
      isTold = true
      try await pause(1)
    }
  }

  /// Longer than a provider may take to make a resource before it must give the money back.
  static var decisionPatience: Seconds { 900 }

  func pause(_ span: Seconds) async throws(ClientError) {
    do { try await Task.sleep(for: .seconds(span.count)) } catch { throw .unreachable("interrupted") }
  }
}
