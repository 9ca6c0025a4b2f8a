import L402
import Macaroons
import NIOHTTP1
import Units
import Wire

/// Money back.
extension LeaseholdClient {
  /// Takes credit out, to an invoice of the renter's own. The same invoice again asks how it stands; it is paid once.
  ///
  /// - Returns: `state` says what became of it. `failed` is an answer: the credit is still there.
  public func refund(_ id: String, to invoice: String) async throws(ClientError) -> Answer<RefundDocument> {
    try await ask(
      RefundDocument.self,
      Call(.POST, path(id, "/refund"), body: json(RefundRequest(invoice: invoice)), as: .lease(id)))
  }

  /// What was paid out, or is about to be; newest first.
  public func refunds(of id: String) async throws(ClientError) -> ListDocument<RefundDocument> {
    try await all(path(id, "/refunds"), as: .lease(id))
  }

  /// Spends credit on another lease of the same provider, or on the lease's own time.
  ///
  /// Exactly the same asked again is the same move, whether its answer was heard or not: it moves once.
  ///
  /// - Parameters:
  ///   - amount: `nil` for all there is.
  ///   - again: another move like one that was made before.
  /// - Returns: what was moved, and when it had been already, if it had.
  public func spendCredit(
    of id: String, on target: String, _ amount: Millisatoshi? = nil, again: Bool = false
  ) async throws(ClientError) -> (answer: Answer<SpentCreditDocument>, before: Timestamp?) {
    let path = path(id, "/credit")
    let body = JSON.encode(SpendCreditRequest(to: target, amountMsat: amount?.count))
    // Whoever asks for the same thing meanwhile asks for another move.
    let turn = try await state.turn(of: .lease, id)
    defer { withExtendedLifetime(turn) {} }
    var wish = try state.beginWish(at: server, path: path, body)
    if again, wish.doneAt != nil {
      try state.finish(wish)
      wish = try state.beginWish(at: server, path: path, body)
    }
    do throws(ClientError) {
      let answer = try await ask(
        SpentCreditDocument.self,
        Call(
          .POST, path, headers: [("Idempotency-Key", wish.key)], body: .bytes(body, type: "application/json"),
          as: .lease(id)))
      try state.complete(wish, at: now())
      return (answer, wish.doneAt)
    } catch {
      // Only these say what became of it. Others come before anybody has looked: it may have moved in an earlier run.
      if wish.doneAt == nil, case .problem(let problem) = error, [404, 409, 410, 422].contains(problem.status) {
        try state.finish(wish)
      }
      throw error
    }
  }
}
