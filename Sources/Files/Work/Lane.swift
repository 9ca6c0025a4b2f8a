import Ledger
import NIOPosix
import Synchronization

/// Says that nobody waits for an answer any more: the client has hung up, or the request was cancelled.
final class Farewell: Sendable {
  private struct State {
    var isSaid = false
    var heard: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  var isSaid: Bool { state.withLock { $0.isSaid } }

  /// May be said any number of times, from any thread.
  func say() {
    let heard = state.withLock { state in
      state.isSaid = true
      return state.heard
    }
    heard?()
  }

  /// Calls `body` when it is said, or at once when it was.
  func whenSaid(_ body: @escaping @Sendable () -> Void) {
    let isSaid = state.withLock { state in
      state.heard = body
      return state.isSaid
    }
    if isSaid { body() }
  }
}

/// A worker queue: threads for one sort of work, shared by all leases in turn.
final class Lane: Sendable {
  private struct Job: Sendable {
    var farewell: Farewell
    var work: @Sendable () -> Void
    var giveUp: @Sendable (any Error) -> Void
  }

  private let threads: NIOThreadPool
  private let queue: Mutex<FairQueue<LeaseID, Job>>

  /// - Parameters:
  ///   - count: threads; they live as long as the process.
  ///   - each: how many of them one lease may have at a time.
  ///   - longest: how many jobs of one lease may wait.
  init(threads count: Int, each: Int, longest: Int) {
    threads = NIOThreadPool(numberOfThreads: count)
    threads.start()
    queue = Mutex(FairQueue(most: count, each: each, longest: longest))
  }

  /// Runs `body` on one of the threads when it is the lease's turn.
  ///
  /// - Parameter farewell: said before its turn, the job leaves the queue. Cancelling the task says it.
  /// - Throws: what `body` throws; `.busy` when too much of the lease is waiting already; `.stopped` after the farewell.
  func run<Result: Sendable>(
    for lease: LeaseID, until farewell: Farewell = Farewell(), _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let job = Job(
          farewell: farewell,
          work: { continuation.resume(with: Swift.Result(catching: body)) },
          giveUp: { continuation.resume(throwing: $0) })
        submit(job, for: lease)
        farewell.whenSaid { [weak self] in self?.withdraw(of: lease) }
      }
    } onCancel: {
      farewell.say()
    }
  }

  /// Runs `body` some time, with nobody waiting for it; not at all when too much of the lease is waiting.
  func later(for lease: LeaseID, _ body: @escaping @Sendable () -> Void) {
    submit(Job(farewell: Farewell(), work: body, giveUp: { _ in }), for: lease)
  }

  private func submit(_ job: Job, for lease: LeaseID) {
    switch queue.withLock({ $0.enter(job, of: lease) }) {
    case .starts: start(job, for: lease)
    case .waits: break
    case .isRefused: job.giveUp(FileFault(.busy, "queue"))
    }
  }

  private func start(_ job: Job, for lease: LeaseID) {
    threads.submit { [self] _ in
      if job.farewell.isSaid { job.giveUp(FileFault(.stopped, "queue")) } else { job.work() }
      if let (next, whose) = queue.withLock({ $0.leave(lease) }) { start(next, for: whose) }
    }
  }

  private func withdraw(of lease: LeaseID) {
    let unwanted = queue.withLock { $0.withdraw(of: lease) { $0.farewell.isSaid } }
    for job in unwanted { job.giveUp(FileFault(.stopped, "queue")) }
  }
}
