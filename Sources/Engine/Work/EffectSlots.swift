import Leasing
import Synchronization
import Units

/// How many effects may still begin, and which are under way (a semaphore with a side track for slow work).
final class EffectSlots: Sendable {
  private struct State {
    var free: Int
    /// How many more may be under way without a slot.
    var apart: Int
    var claims: [ClaimedEffect] = []
    /// By turn, and not by row: one whose claim lapsed in our hands may be there twice.
    var running: [UInt64: (claim: ClaimedEffect, since: Instant, hasSlot: Bool)] = [:]
    var lastTurn: UInt64 = 0
  }

  private let state: Mutex<State>

  init(_ count: Int, apart: Int) {
    state = Mutex(State(free: count, apart: apart))
  }

  func takeAll() -> Int {
    state.withLock { state in
      defer { state.free = 0 }
      return state.free
    }
  }

  func free(_ count: Int) {
    state.withLock { $0.free += count }
  }

  func keep(_ claims: [ClaimedEffect]) {
    state.withLock { $0.claims = claims }
  }

  func takeKept() -> [ClaimedEffect] {
    state.withLock { state in
      defer { state.claims = [] }
      return state.claims
    }
  }

  func begin(_ claim: ClaimedEffect, at now: Instant) -> UInt64 {
    state.withLock { state in
      state.lastTurn += 1
      state.running[state.lastTurn] = (claim, now, true)
      return state.lastTurn
    }
  }

  func end(_ turn: UInt64) {
    state.withLock { state in
      let hadSlot = state.running.removeValue(forKey: turn)?.hasSlot ?? true
      if hadSlot { state.free += 1 } else { state.apart += 1 }
    }
  }

  /// Takes the slots of those that began before a moment, and says which they are.
  func parkSlow(begunBefore moment: Instant) -> [ClaimedEffect] {
    state.withLock { state in
      let slow = state.running.filter { $0.value.hasSlot && $0.value.since <= moment }.sorted { $0.key < $1.key }
      let parked = slow.prefix(max(0, state.apart))
      for (turn, _) in parked { state.running[turn]?.hasSlot = false }
      state.apart -= parked.count
      state.free += parked.count
      return parked.map(\.value.claim)
    }
  }
}
