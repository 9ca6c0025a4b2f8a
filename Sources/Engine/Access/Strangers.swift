import Ledger
import Synchronization

/// How much those who show no credential that opens may have under way at once: in all, and of one client, so that one of
/// them leaves room for the others.
final class Strangers: Sendable {
  /// Look-ups of leases that memory does not know: ids can be guessed at for ever. A browser has six connections.
  static let reads = (ofOne: 6, all: 16)
  /// Requests of one client at the public ports of one lease.
  static let requests = 16

  fileprivate struct Visit: Hashable {
    var lease: LeaseID
    var party: String
  }

  private struct State {
    var reading = 0
    var readingOfOne: [String: Int] = [:]
    var visits: [Visit: Int] = [:]
  }

  private let state = Mutex(State())

  /// Whether another may look a lease up; who may says so when it is done: ``hasRead(_:)``.
  func mayRead(_ party: String) -> Bool {
    state.withLock { state in
      let own = state.readingOfOne[party] ?? 0
      guard own < Self.reads.ofOne, state.reading < Self.reads.all else { return false }
      state.reading += 1
      state.readingOfOne[party] = own + 1
      return true
    }
  }

  func hasRead(_ party: String) {
    state.withLock { state in
      state.reading -= 1
      let left = (state.readingOfOne[party] ?? 1) - 1
      state.readingOfOne[party] = left > 0 ? left : nil
    }
  }

  /// `nil`: this client has as many requests there as it may.
  func place(at lease: LeaseID, _ party: String) -> Place? {
    let visit = Visit(lease: lease, party: party)
    let isRoom = state.withLock { state in
      let own = state.visits[visit] ?? 0
      guard own < Self.requests else { return false }
      state.visits[visit] = own + 1
      return true
    }
    return isRoom ? Place(self, visit) : nil
  }

  private func giveBack(_ visit: Visit) {
    state.withLock { state in
      let left = (state.visits[visit] ?? 1) - 1
      state.visits[visit] = left > 0 ? left : nil
    }
  }

  /// Given back with its last owner.
  final class Place: Sendable {
    private let strangers: Strangers
    private let visit: Visit

    fileprivate init(_ strangers: Strangers, _ visit: Visit) {
      self.strangers = strangers
      self.visit = visit
    }

    deinit { strangers.giveBack(visit) }
  }
}
