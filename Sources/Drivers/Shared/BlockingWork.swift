import Dispatch
import Engine
import Synchronization

/// Where calls go that block a thread in the kernel (a commit, a mount, a directory walk), so that they never sit on
/// the few threads that all of Swift's tasks share.
///
/// A concurrent queue would not do: Dispatch gives those as many threads as there are cores and takes its time to see
/// that they are asleep in a system call. Each serial queue has a thread of its own while it works.
///
/// Requests through doors, readings of meters and orders have threads apart: what a renter can keep busy is not what others
/// are made, suspended and destroyed by.
enum BlockingWork {
  enum Purpose: Hashable, Sendable, CaseIterable {
    case door
    case meter
    /// What the engine orders, and what belongs to it.
    case order
  }

  private final class Lanes: Sendable {
    let queues: [DispatchQueue]
    private let loads: Mutex<[Int]>

    init(_ purpose: Purpose, _ count: Int) {
      queues = (0..<count).map { DispatchQueue(label: "leasehold.drivers.\(purpose).\($0)") }
      loads = Mutex([Int](repeating: 0, count: count))
    }

    /// The lane with the least to do.
    func enter() -> Int {
      loads.withLock { loads in
        let lane = loads.indices.min { loads[$0] < loads[$1] } ?? 0
        loads[lane] += 1
        return lane
      }
    }

    func leave(_ lane: Int) {
      loads.withLock { $0[lane] -= 1 }
    }
  }

  private static let doors = Lanes(.door, 8)
  private static let meters = Lanes(.meter, 4)
  private static let orders = Lanes(.order, 16)

  static func run<Value: Sendable>(
    for purpose: Purpose = .order, _ body: @escaping @Sendable () throws(DriverError) -> Value
  ) async throws(DriverError) -> Value {
    let lanes =
      switch purpose {
      case .door: doors
      case .meter: meters
      case .order: orders
      }
    let lane = lanes.enter()
    let result: Result<Value, DriverError> = await withCheckedContinuation { continuation in
      lanes.queues[lane].async {
        let result = Result { () throws(DriverError) -> Value in try body() }
        lanes.leave(lane)
        continuation.resume(returning: result)
      }
    }
    return try result.get()
  }
}
