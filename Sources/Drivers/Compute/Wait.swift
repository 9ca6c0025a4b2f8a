import Engine

/// Waiting for the kernel where it has no way of telling us.
enum Wait {
  /// A millisecond, without holding a thread.
  ///
  /// - Throws: `.failed` when the task is cancelled.
  static func shortly() async throws(DriverError) {
    try await pause(.milliseconds(1))
  }

  /// The same, for waits that may be long: 1 ms at first, twice as long each round, 128 ms at the most.
  static func longer(_ round: inout Int) async throws(DriverError) {
    let pause = 1 << min(round, 7)
    round += 1
    try await self.pause(.milliseconds(pause))
  }

  private static func pause(_ duration: Duration) async throws(DriverError) {
    guard !Task.isCancelled, await Poller.shared.sleep(until: .now + duration) == .timeOver else {
      throw DriverError(.failed, attempted: "wait for the kernel", words: "cancelled")
    }
  }

  /// Asks every millisecond until the answer is yes, or until `limit` has passed.
  static func until(
    _ limit: Duration, _ condition: () throws(DriverError) -> Bool
  ) async throws(DriverError) -> Bool {
    let end = ContinuousClock.now + limit
    while try !condition() {
      if ContinuousClock.now >= end { return false }
      try await shortly()
    }
    return true
  }
}
