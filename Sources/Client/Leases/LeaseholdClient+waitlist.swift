import Text
import Units
import Wire

extension LeaseholdClient {
  /// Joins the queue of a full offer.
  public func joinWaitlist(_ request: RentRequest) async throws(ClientError) -> Answer<WaitlistDocument> {
    try await ask(
      WaitlistDocument.self,
      Call(.POST, "/v1/offers/\(PercentCoding.encode(request.offer))/waitlist", body: json(request)))
  }

  /// How an entry stands; `nil`: a place is held for it, to be paid for.
  public func waitlistEntry(_ ticket: String) async throws(ClientError) -> WaitlistDocument? {
    do throws(ClientError) {
      return try await ask(WaitlistDocument.self, Call(.GET, "/v1/waitlist/\(PercentCoding.encode(ticket))")).document
    } catch {
      switch error {
      case .problem(let problem) where problem.status == 402: return nil
      case .paymentRequired: return nil
      default: throw error
      }
    }
  }
}
