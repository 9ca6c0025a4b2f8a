import Leasing
import Ledger
import Units

/// What is going out, fee budgets included, and how many payments are under way.
public struct PayoutLevel: Hashable, Sendable {
  public var out: Millisatoshi
  public var outOfLease: Millisatoshi
  public var pending: Int
  public var pendingOfLease: Int

  public init(out: Millisatoshi, outOfLease: Millisatoshi, pending: Int, pendingOfLease: Int) {
    self.out = out
    self.outOfLease = outOfLease
    self.pending = pending
    self.pendingOfLease = pendingOfLease
  }
}

/// Rate limits on what goes out, which hold what a stolen key or a fault of ours can cost, and leave everybody some.
///
/// What came in since is taken off: who rents, releases and takes the money back has cost nobody anything. No lease has
/// more than its share, the last tenth is for small payouts, and the last fifth of the places for leases with none pending.
extension Settings.Payouts {
  /// - Parameter received: what came in, of all (`false`) or of the lease (`true`); asked only where it decides.
  func refusal(
    of whole: Millisatoshi, at level: PayoutLevel, received: (_ ofLease: Bool) throws -> Millisatoshi
  ) rethrows -> Refusal? {
    let places = level.pendingOfLease == 0 ? maxPending : maxPending - maxPending / 5
    guard level.pending < places, level.pendingOfLease < max(1, maxPending / 10) else {
      return .conflict(
        code: .payoutsPending, "too many payouts are under way, \(level.pendingOfLease) of this lease; ask later")
    }
    let share = max(Millisatoshi(maxPerDay.count / 100 * leasePercent), small)
    if exceeds(share, level.outOfLease, whole), exceeds(share, level.outOfLease, whole, less: try received(true)) {
      return .conflict(
        code: .payoutShare,
        "one lease is paid out at most \(share.count) msat a day beyond what it paid in; the credit stays with it")
    }
    let room = whole <= small ? maxPerDay : Millisatoshi(maxPerDay.count - maxPerDay.count / 10)
    if exceeds(room, level.out, whole), exceeds(room, level.out, whole, less: try received(false)) {
      return .conflict(
        code: .payoutLimit, "this provider has paid out what it does in a day; the credit stays with the lease")
    }
    return nil
  }

  private func exceeds(
    _ bound: Millisatoshi, _ out: Millisatoshi, _ whole: Millisatoshi, less received: Millisatoshi = .zero
  ) -> Bool {
    let (sum, overflow) = out.count.addingReportingOverflow(whole.count)
    return overflow || sum.subtractingReportingOverflow(received.count).partialValue > bound.count
  }
}
