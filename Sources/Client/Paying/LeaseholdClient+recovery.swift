import Units
import Wire

extension LeaseholdClient {
  /// Goes on with what earlier runs left behind. What cannot be finished now stays for another time. Pays nothing.
  ///
  /// - Parameter lease: only what concerns this one.
  /// - Returns: each purchase that money was moved for or may have been, with the lease or why not.
  public func recover(
    lease: String? = nil
  ) async throws(ClientError) -> [(Purchase, Result<LeaseDocument, ClientError>)] {
    var outcomes: [(Purchase, Result<LeaseDocument, ClientError>)] = []
    for left in try state.unfinishedPurchases(of: server) where lease == nil || left.lease == lease {
      guard var open = try state.adopt(left) else { continue }
      do throws(ClientError) {
        if try await earlierCredential(&open) != nil {
          outcomes.append((open.purchase, .success(try await proceed(open, limit: .zero).answer.document)))
        } else if try await !isPayable(open.purchase) {
          // Nothing was paid, and nothing can be.
          if let hash = open.purchase.paymentHash { try state.changeSpendings { $0.giveBack(hash) } }
          try state.finish(open)
        }
      } catch {
        outcomes.append((open.purchase, .failure(error)))
      }
    }
    return outcomes
  }

  /// Whether somebody may still pay it, so that its record is worth keeping.
  private func isPayable(_ purchase: Purchase) async throws(ClientError) -> Bool {
    guard let asked = purchase.challenge else { return false }
    return try await payable(asked, lease: purchase.lease) != nil
  }
}
