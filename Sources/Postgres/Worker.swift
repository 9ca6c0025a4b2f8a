import Glibc
import Synchronization

/// Something to be done on a connection's thread, and the way of saying that it will not be done.
final class Job: Sendable {
  let began = ContinuousClock.now
  let deadline: ContinuousClock.Instant
  private let cancelled = Atomic<Bool>(false)
  private let body: @Sendable (Worker, Job) -> Void
  private let refusal: @Sendable (any Error) -> Void

  /// Exactly one of the two is called, exactly once.
  init(
    deadline: ContinuousClock.Instant, body: @escaping @Sendable (Worker, Job) -> Void,
    refusal: @escaping @Sendable (any Error) -> Void
  ) {
    self.deadline = deadline
    self.body = body
    self.refusal = refusal
  }

  func perform(on worker: Worker) { body(worker, self) }
  func refuse(_ error: any Error) { refusal(error) }

  /// A job that has begun is not interrupted, but it begins no further attempt.
  func cancel() { cancelled.store(true, ordering: .relaxed) }
  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}

/// A thread with a connection of its own, which it makes when first needed and again when it broke.
///
/// `@unchecked Sendable`: `link` is touched by the worker's thread alone, inside jobs; `assigned` is written by the
/// pool before it signals and read by the thread after it was signalled.
final class Worker: @unchecked Sendable {
  private let settings: LinkSettings
  private let semaphore: UnsafeMutablePointer<sem_t>
  private var assigned: Job?
  private var link: Link?

  init(_ settings: LinkSettings) {
    self.settings = settings
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Starts the thread. It performs what it was assigned, then asks `next`, and waits to be assigned something when
  /// that has nothing; it ends, with its connection, when it is woken and there is still nothing.
  func start(next: @escaping @Sendable (Worker) -> Job?, ended: @escaping @Sendable () -> Void) {
    spawnThread { [self] in
      while true {
        while sem_wait(semaphore) != 0 {}
        guard var job = assigned else { break }
        assigned = nil
        while true {
          job.perform(on: self)
          guard let another = next(self) else { break }
          job = another
        }
      }
      link = nil
      ended()
    }
  }

  /// Gives the waiting thread something to do, or with nil tells it to end.
  func assign(_ job: Job?) {
    assigned = job
    sem_post(semaphore)
  }

  /// The connection, made anew if there is none or the server has hung up. Retries with a growing pause while the
  /// server is down, until the job's deadline.
  func connected(for job: Job) throws -> Link {
    if let link {
      if !link.hasHungUp(), !(settings.requiresWrites && link.takesNoWrites) { return link }
      self.link = nil
    }
    var pause: UInt32 = 10_000
    var isFirst = job.deadline > .now
    while true {
      // What has waited too long already is not what tries whether the server is back.
      if !isFirst || settings.presence.awaySince != nil, patienceEnds(for: job) <= .now {
        throw settings.presence.reason?.saying(.connectionFailed)
          ?? PostgresError(.acquireTimeout, "no connection could be made in time")
      }
      isFirst = false
      do {
        let link = try Link.connect(settings, until: job.deadline, since: job.began)
        self.link = link
        return link
      } catch let error as PostgresError where error.isPassingConnectFailure {
        settings.logger.debug("cannot connect", metadata: ["error": "\(error)"])
        guard !job.isCancelled, ContinuousClock.now + .microseconds(Int64(pause)) < patienceEnds(for: job) else {
          throw error.saying(.connectionFailed)
        }
        usleep(pause)
        pause = min(pause * 2, 500_000)
      }
    }
  }

  private func patienceEnds(for job: Job) -> ContinuousClock.Instant {
    settings.presence.givesUp(job.began, after: settings.awayPatience).map { min($0, job.deadline) } ?? job.deadline
  }

  /// Drops a connection that broke or was left in the middle of something.
  func settle() {
    guard let link else { return }
    if link.isBroken {
      self.link = nil
      return
    }
    do {
      if link.isInTransaction { try link.script("ROLLBACK") }
      try link.allow(settings.limit)
    } catch {
      settings.logger.debug("connection dropped, not rolled back", metadata: ["error": "\(error)"])
      self.link = nil
    }
  }
}

/// Runs `body` on a detached thread of its own.
func spawnThread(_ body: @escaping @Sendable () -> Void) {
  final class Box: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }
  }
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  var thread = pthread_t()
  let code = pthread_create(
    &thread, &attributes,
    { context in
      if let context { Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body() }
      return nil
    }, Unmanaged.passRetained(Box(body)).toOpaque())
  pthread_attr_destroy(&attributes)
  precondition(code == 0, "no thread could be started: errno \(code)")
}
