import Dispatch
import Engine

/// Where calls go that block a thread in the kernel (a commit, a mount, a directory walk), so that they never sit on
/// the few threads that all of Swift's tasks share.
enum BlockingWork {
  private static let queue = DispatchQueue(label: "leasehold.drivers.blocking", attributes: .concurrent)

  static func run<Value: Sendable>(
    _ body: @escaping @Sendable () throws(DriverError) -> Value
  ) async throws(DriverError) -> Value {
    let result: Result<Value, DriverError> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: Result { () throws(DriverError) -> Value in try body() })
      }
    }
    return try result.get()
  }
}
