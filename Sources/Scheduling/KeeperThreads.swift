import Dispatch
import Glibc
import Synchronization

/// A task executor with threads of its own, for what keeps time: heartbeats, deadlines, and the taking in of connections.
/// Whatever fills the threads that other tasks share, these go on.
public final class KeeperThreads: TaskExecutor {
  private struct Queue {
    var jobs: [UnownedJob] = []
    /// The first that was not taken.
    var head = 0
  }

  private let queue = Mutex(Queue())
  private let work = DispatchSemaphore(value: 0)

  /// - Parameter count: of threads, which last as long as the process.
  public init(_ count: Int) {
    precondition(count > 0, "somebody must do it")
    for _ in 0..<count { KeeperThreads.spawn { [self] in run() } }
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.withLock { $0.jobs.append(job) }
    work.signal()
  }

  private func run() {
    let executor = asUnownedTaskExecutor()
    while true {
      work.wait()
      let job = queue.withLock { queue -> UnownedJob? in
        guard queue.head < queue.jobs.count else { return nil }
        defer {
          queue.head += 1
          if queue.head == queue.jobs.count { queue = Queue() }
        }
        return queue.jobs[queue.head]
      }
      job?.runSynchronously(on: executor)
    }
  }

  private static func spawn(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(code == 0, "no thread could be started: errno \(code)")
    pthread_detach(thread)
  }
}
