import L402
import Synchronization
import Units

/// How many challenges may be minted: for each client network and for all together. What was spent drains evenly.
///
/// Memory is fixed, whoever asks: clients share a table in which each has one place in either row, found by a hash that
/// differs from process to process. A client is refused when both of its places are full. Two clients who share one
/// place do not notice; who shares both with somebody that floods us is one in a thousand million, and waits a minute.
/// Nobody is forgotten to make room, so that a flood of addresses lets nobody in who had spent his share.
final class MintBudget: Sendable {
  private struct Place {
    var spent: Float = 0
    var at: Instant
  }
  private struct State {
    /// Two rows of ``width`` places.
    var places: [Place]
    var all: Place
  }

  static let width = 32_768
  private let perClient: Float
  private let global: Float
  private let state: Mutex<State>

  /// - Parameters: budgets per minute.
  init(perClient: Int, global: Int) {
    self.perClient = Float(perClient)
    self.global = Float(global)
    let empty = Place(at: Instant(microseconds: 0))
    state = Mutex(State(places: Array(repeating: empty, count: 2 * MintBudget.width), all: empty))
  }

  /// Takes one, or says after how many seconds there may be one again.
  func take(_ client: IPAddress?, at now: Instant) -> Int? {
    let rows = places(of: client?.party)
    return state.withLock { state in
      for index in rows { drain(&state.places[index], perMinute: perClient, at: now) }
      drain(&state.all, perMinute: global, at: now)
      let spent = rows.map { state.places[$0].spent }.min() ?? 0
      guard spent + 1 <= perClient else { return wait(for: spent + 1 - perClient, perMinute: perClient) }
      guard state.all.spent + 1 <= global else { return wait(for: state.all.spent + 1 - global, perMinute: global) }
      // What somebody else has put into one of the two is not added to.
      for index in rows { state.places[index].spent = max(state.places[index].spent, spent + 1) }
      state.all.spent += 1
      return nil
    }
  }

  private func places(of party: IPAddress?) -> [Int] {
    (0..<2).map { row in
      var hasher = Hasher()
      hasher.combine(row)
      hasher.combine(party)
      return row * MintBudget.width + Int(UInt(bitPattern: hasher.finalize()) % UInt(MintBudget.width))
    }
  }

  private func drain(_ place: inout Place, perMinute: Float, at now: Instant) {
    let elapsed = Float(max(0, now.microseconds(since: place.at))) / 60_000_000
    place.spent = max(0, place.spent - elapsed * perMinute)
    place.at = now
  }

  private func wait(for excess: Float, perMinute: Float) -> Int {
    max(1, Int((excess * 60 / perMinute).rounded(.up)))
  }
}
