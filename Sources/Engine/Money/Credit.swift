import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// Credit spent: the way out for who has, or takes, another lease here.
struct Credit: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let credentials: Credentials
  let presented: PresentedPayments
  let unbooked: Unbooked
  let log: Logger

  /// Moves credit of a lease to the balance of another, or to its own. The same key again is the same move.
  ///
  /// The credential is the giver's. The lease that gets it only gains money, as from anybody who pays its renewal, and
  /// nobody gains access to it.
  ///
  /// - Parameter asked: `nil` for all there is.
  func spend(
    of id: LeaseID, on target: LeaseID, _ asked: Millisatoshi?, _ caller: Caller
  ) async throws -> SpentCredit {
    let shown = try await credentials.require(.refund, of: id, caller)
    _ = try await presented.upToDate(shown, of: id)
    guard let key = caller.idempotencyKey else {
      throw Refusal.invalidField("Idempotency-Key", "is needed, so that a repeated request moves nothing twice")
    }
    if let asked, !(asked > .zero && asked <= .supply) {
      throw Refusal.invalidField("amount_msat", "1 to all the bitcoin there is")
    }
    try await unbooked.credit(of: id, shown)
    let name = Array("\(id)\n\(key)".utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex
    let requestID = caller.requestID
    let outcome = try await store.transaction { tx -> (spent: SpentCredit, steps: [RecordedStep]) in
      // In the order of their ids, as everybody locks them.
      var locked: [LeaseID: Lease] = [:]
      for lease in Set([id, target]).sorted() { locked[lease] = try tx.lockLease(lease) }
      guard let giver = locked[id] else { throw Refusal.unknownLease }
      if let known = try tx.move(name) {
        guard known.move.to == target, known.asked == asked else { throw Refusal.idempotencyConflict }
        return (SpentCredit(move: known.move, credit: giver.account.credit), [])
      }
      guard let taker = locked[target] else { throw Refusal.invalidField("to", "no lease of this provider") }
      // What is owed is covered first, by what goes to the lease itself too.
      let credit = target == id ? giver.account.credit : giver.account.freeCredit
      let amount = asked ?? credit
      guard amount > .zero else { throw Refusal.conflict(code: .noCredit, "the lease has no credit") }
      guard amount <= credit else {
        throw Refusal.invalidField("amount_msat", "the lease has a credit of \(credit.count) msat to spend")
      }
      if let bound = shown.maxMsat, amount.count > bound { throw Refusal.permission(.amount) }
      let move = CreditMove(id: name, from: id, to: target, amount: amount)
      let now = clock.now()
      let cause = EventRecord.Cause(type: .request, id: requestID)
      var steps: [RecordedStep] = []
      if target != id {
        steps.append(
          try loop.decided(.creditGiven(move), for: giver, eventID: EventID(.move, name), cause: cause, at: now))
      }
      do {
        steps.append(
          try loop.decided(
            .creditReceived(move), for: taker, eventID: EventID(.move, "\(name)/received"), cause: cause, at: now))
      } catch Refusal.leaseClosed {
        throw Refusal.conflict(code: .targetClosed, "the lease that should get it is over; the credit stays")
      }
      try tx.insertMove(CreditMoveRecord(move: move, asked: asked, at: now))
      try tx.write(steps)
      return (SpentCredit(move: move, credit: steps[0].decision.lease.account.credit), steps)
    }
    guard !outcome.steps.isEmpty else { return outcome.spent }
    loop.publish(outcome.steps.map(\.decision.lease))
    log.info(
      "credit spent", metadata: ["lease": "\(id)", "to": "\(target)", "msat": "\(outcome.spent.move.amount.count)"])
    return outcome.spent
  }
}

/// A move of credit, and what is left of it.
public struct SpentCredit: Sendable {
  public var move: CreditMove
  public var credit: Millisatoshi
}
