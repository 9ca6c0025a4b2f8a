import Dispatch
import Engine
import Synchronization

/// Where calls go that block a thread in the kernel (a commit, a mount, a directory walk), so that they never sit on
/// the few threads that all of Swift's tasks share.
///
/// A concurrent queue would not do: Dispatch gives those as many threads as there are cores and takes its time to see
/// that they are asleep in a system call. Each serial queue has a thread of its own while it works.
enum BlockingWork {
  private final class Lanes: Sendable {
    let queues = (0..<16).map { DispatchQueue(label: "leasehold.drivers.blocking.\($0)") }
    private let loads = Mutex([Int](repeating: 0, count: 16))

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

  private static let lanes = Lanes()

  static func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(DriverError) -> Value
  ) async throws(DriverError) -> Value {
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
