import Units
import Wire

extension LeaseholdClient {
  /// What somebody who is asked for leave wants to know of a purchase.
  func question(for purchase: Purchase, _ purpose: String?) -> Question {
    var question = Question(purpose: purpose ?? "payment", lease: purchase.lease)
    if purchase.isOfDoor { question.purpose = "renewal" }
    let body = Array(purchase.body.utf8)
    // A body is one that we wrote; what cannot be read says nothing about the offer.
    if purchase.path == "/v1/leases", let rent = try? JSON.decode(RentRequest.self, from: body) {
      question.offer = rent.offer
      question.lastsUntil = { [self] _ in await end(ofRenting: rent) }
    } else if let lease = purchase.lease {
      // As above.
      if purchase.path.hasSuffix("/changes"), let change = try? JSON.decode(ChangeRequest.self, from: body) {
        question.offer = change.offer
      }
      question.lastsUntil = { [self, offer = question.offer] in await end(of: lease, with: $0, as: offer) }
    }
    return question
  }

  /// Nil where time is not what is paid for, and where nobody answers: the price can be said without.
  private func end(ofRenting request: RentRequest) async -> Instant? {
    // An offer that cannot be looked at leaves the question without an end; what it costs is said all the same.
    guard let offer = try? await offer(request.offer).document, offer.priceMsat != 0,
      case (let span, false) = offer.periodSeconds.multipliedReportingOverflow(by: request.periods ?? 1)
    else { return nil }
    return now() + Seconds(span)
  }

  /// When a lease's money runs out, with so much more of it, and at the price of another offer if it is changed.
  private func end(of lease: String, with amount: Millisatoshi, as offer: String?) async -> Instant? {
    // A friend's lease is not shown to us.
    guard let document = try? await self.lease(lease).document else { return nil }
    var rate = document.rate
    if let offer {
      // As above.
      guard let changed = try? await self.offer(offer).document, let price = changed.priceMsat else { return nil }
      rate = RateDocument(priceMsat: price, periodSeconds: changed.periodSeconds)
    }
    let now = now()
    // Who was lent a folder is not told what the lease holds.
    guard let balance = document.balanceMsat, let debt = document.debtMsat else { return nil }
    let money = Int128(balance) + Int128(amount.count) - Int128(debt)
    guard rate.priceMsat > 0, money > 0,
      let span = Int64(exactly: money * Int128(rate.periodSeconds) / Int128(rate.priceMsat)),
      span < Seconds.day.count * 366_000
    else { return nil }
    return now + Seconds(span)
  }
}
