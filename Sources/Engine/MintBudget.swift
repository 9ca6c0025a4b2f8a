import L402
import Synchronization
import Units

/// How many challenges may be minted: for each client network and for all together. Token buckets, refilled evenly.
///
/// Memory is bounded: a bucket that is full again is no different from one never seen, and is forgotten.
final class MintBudget: Sendable {
  private struct Bucket {
    var left: Double
    var at: Instant
  }
  private struct State {
    var clients: [IPAddress?: Bucket] = [:]
    var all: Bucket
  }

  private static let remembered = 16_384
  private let perClient: Double
  private let global: Double
  private let state: Mutex<State>

  /// - Parameters: budgets per minute.
  init(perClient: Int, global: Int) {
    self.perClient = Double(perClient)
    self.global = Double(global)
    state = Mutex(State(all: Bucket(left: Double(global), at: Instant(microseconds: 0))))
  }

  /// Takes one, or says after how many seconds there may be one again.
  func take(_ client: IPAddress?, at now: Instant) -> Int? {
    state.withLock { state in
      let key = client?.party
      var mine = state.clients[key] ?? Bucket(left: perClient, at: now)
      refill(&mine, perMinute: perClient, at: now)
      refill(&state.all, perMinute: global, at: now)
      guard mine.left >= 1 else { return wait(mine, perMinute: perClient) }
      guard state.all.left >= 1 else { return wait(state.all, perMinute: global) }
      mine.left -= 1
      state.all.left -= 1
      if state.clients[key] == nil, state.clients.count >= MintBudget.remembered {
        forgetFull(&state, at: now)
        // Still full of clients in mid-budget: a flood. The global budget bounds it.
        if state.clients.count >= MintBudget.remembered { return nil }
      }
      state.clients[key] = mine
      return nil
    }
  }

  private func refill(_ bucket: inout Bucket, perMinute: Double, at now: Instant) {
    let elapsed = Double(max(0, now.microseconds(since: bucket.at))) / 60_000_000
    bucket.left = min(perMinute, bucket.left + elapsed * perMinute)
    bucket.at = now
  }

  private func wait(_ bucket: Bucket, perMinute: Double) -> Int {
    max(1, Int(((1 - bucket.left) * 60 / perMinute).rounded(.up)))
  }

  private func forgetFull(_ state: inout State, at now: Instant) {
    state.clients = state.clients.filter { _, bucket in
      var bucket = bucket
      refill(&bucket, perMinute: perClient, at: now)
      return bucket.left < perClient
    }
  }
}
