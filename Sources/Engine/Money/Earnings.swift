import Units

/// What was earned (the income statement), day by day.
public struct Earnings: Sendable {
  let store: any Store
  let clock: any WallClock

  /// What was earned by day and offer, the newest day first, today's with what it has come to so far.
  ///
  /// - Parameter days: today and those before it, UTC; 1 to 3,660.
  public func byDay(_ days: Int) async throws -> [Earning] {
    let now = clock.now()
    let day = Seconds.day.count * 1_000_000
    let today = Instant(microseconds: now.microseconds - now.microseconds % day)
    let from = today - Seconds(Int64(days - 1) * 86_400)
    return try await store.transaction { tx in try tx.earnings(from: from, to: now + 1) }
  }
}
