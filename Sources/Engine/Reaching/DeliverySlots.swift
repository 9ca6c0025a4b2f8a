import Synchronization

/// Which messages are being sent (a semaphore in two parts): those that failed before have slots of their own.
final class DeliverySlots: Sendable {
  private struct State {
    var running = [false: 0, true: 0]
    var begun: [Bool: [ClaimedDelivery]] = [:]
    /// How many are being sent to a site.
    var sites: [[UInt8]: Int] = [:]
  }

  private let state = Mutex(State())

  func room(_ retries: Bool) -> Int {
    state.withLock { Deliveries.atOnce - ($0.running[retries] ?? 0) }
  }

  /// The sites to which no more is to be sent now.
  var busy: [[UInt8]] {
    state.withLock { $0.sites.filter { $0.value >= Deliveries.atOncePerSite }.map(\.key) }
  }

  func begin(_ claims: [ClaimedDelivery], _ retries: Bool) {
    state.withLock { state in
      state.running[retries, default: 0] += claims.count
      state.begun[retries, default: []] += claims
      for claim in claims { state.sites[claim.contact.site, default: 0] += 1 }
    }
  }

  /// Those that were begun since it was asked last.
  func begun(_ retries: Bool) -> [ClaimedDelivery] {
    state.withLock { $0.begun.removeValue(forKey: retries) ?? [] }
  }

  func end(_ claim: ClaimedDelivery, _ retries: Bool) {
    state.withLock { state in
      state.running[retries, default: 1] -= 1
      let left = (state.sites[claim.contact.site] ?? 1) - 1
      state.sites[claim.contact.site] = left > 0 ? left : nil
    }
  }
}

/// How many messages this daemon has sent, and how many it could not, since its start.
public final class DeliveryTally: Sendable {
  public enum Outcome: String, Hashable, Sendable, CaseIterable {
    case delivered
    /// It is tried again.
    case failed
    /// It never arrived.
    case dead
    /// It was not sent any more: what it said was not so any more.
    case moot
  }

  public struct Key: Hashable, Sendable {
    public var channel: ContactRecord.Channel
    public var outcome: Outcome
  }

  private let counts = Mutex<[Key: Int]>([:])

  public var all: [Key: Int] { counts.withLock { $0 } }

  func count(_ channel: ContactRecord.Channel, _ outcome: Outcome) {
    counts.withLock { $0[Key(channel: channel, outcome: outcome), default: 0] += 1 }
  }
}
