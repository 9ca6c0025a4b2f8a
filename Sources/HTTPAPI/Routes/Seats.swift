import Ledger
import Synchronization

/// Bounds how many streams of a lease are open at a time.
final class Seats: Sendable {
  private let most: Int
  private let taken = Mutex<[LeaseID: Int]>([:])

  init(most: Int) {
    self.most = most
  }

  /// One of them; free again when the last holder lets go.
  final class Seat: Sendable {
    private let seats: Seats
    private let lease: LeaseID

    fileprivate init(_ seats: Seats, _ lease: LeaseID) {
      self.seats = seats
      self.lease = lease
    }

    deinit { seats.leave(lease) }
  }

  /// - Throws: ``Problem`` 429 when all are taken.
  func take(_ lease: LeaseID) throws(Problem) -> Seat {
    let isFree = taken.withLock { taken in
      guard taken[lease, default: 0] < most else { return false }
      taken[lease, default: 0] += 1
      return true
    }
    guard isFree else {
      throw Problem(
        .tooManyRequests, .tooManyStreams, "a lease has at most \(most) of these streams open",
        headers: [.retryAfter: "5"])
    }
    return Seat(self, lease)
  }

  private func leave(_ lease: LeaseID) {
    taken.withLock { taken in
      let left = taken[lease, default: 1] - 1
      taken[lease] = left > 0 ? left : nil
    }
  }
}
