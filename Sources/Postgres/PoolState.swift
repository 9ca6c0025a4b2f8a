/// The bookkeeping of a ``Pool``: asked under the lock, answered with what to do after it.
struct PoolState {
  enum Action {
    case none
    /// A new worker, to be started and given the job.
    case start(Worker, Job)
    case assign(Worker, Job)
    /// The job is in the queue; `watch` if nobody looks after deadlines yet.
    case wait(watch: Bool)
    case refuse([Job], any Error & Sendable)
    /// Idle workers shall end; whoever waits for the end is told if there was none left.
    case end([Worker], [UnsafeContinuation<Void, Never>])

    /// Does everything but `start`, which needs the pool.
    func run() {
      switch self {
      case .none, .start, .wait: break
      case .assign(let worker, let job): worker.assign(job)
      case .refuse(let jobs, let error): for job in jobs { job.refuse(error) }
      case .end(let workers, let continuations):
        for worker in workers { worker.assign(nil) }
        for continuation in continuations { continuation.resume() }
      }
    }
  }

  private enum Phase {
    /// Takes work. Can transition to: closing.
    case open
    /// Takes no new work; the queue is worked off and workers end when idle. Stays when all have ended.
    case closing([UnsafeContinuation<Void, Never>])
  }

  private let limit: Int
  private var phase = Phase.open
  private var workers = 0
  private var idle: [Worker] = []
  /// In the order of coming. `head` is the first that still waits, so that taking one is not a shift of all.
  private var queue: [(ticket: Int, job: Job)] = []
  private var head = 0
  /// Jobs on a thread, by ticket, so that cancellation can reach their next attempt.
  private var running: [ObjectIdentifier: (ticket: Int, job: Job)] = [:]
  private var lastTicket = 0
  private var watched = false

  init(limit: Int) {
    self.limit = limit
  }

  mutating func newTicket() -> Int {
    lastTicket += 1
    return lastTicket
  }

  mutating func submit(_ job: Job, _ ticket: Int, makeWorker: () -> Worker) -> Action {
    guard case .open = phase else { return .refuse([job], PostgresError(.closed, "the pool is closed")) }
    if let worker = idle.popLast() {
      running[ObjectIdentifier(worker)] = (ticket, job)
      return .assign(worker, job)
    }
    if workers < limit {
      workers += 1
      let worker = makeWorker()
      running[ObjectIdentifier(worker)] = (ticket, job)
      return .start(worker, job)
    }
    queue.append((ticket, job))
    defer { watched = true }
    return .wait(watch: !watched)
  }

  /// A worker is done with its job: the next one for it, if there is any.
  mutating func finished(_ worker: Worker) -> (Job?, Action) {
    if head < queue.count {
      let next = queue[head]
      head += 1
      if head > 64 && head * 2 > queue.count {
        queue.removeFirst(head)
        head = 0
      }
      running[ObjectIdentifier(worker)] = next
      return (next.job, .none)
    }
    queue.removeAll(keepingCapacity: true)
    head = 0
    running[ObjectIdentifier(worker)] = nil
    if case .closing = phase { return (nil, .end([worker], [])) }
    idle.append(worker)
    return (nil, .none)
  }

  mutating func cancel(_ ticket: Int) -> Action {
    for index in head..<queue.count where queue[index].ticket == ticket {
      return .refuse([queue.remove(at: index).job], CancellationError())
    }
    for entry in running.values where entry.ticket == ticket { entry.job.cancel() }
    return .none
  }

  // MARK: - Deadlines

  /// When the first in the queue gives up; nil, and nobody watches any longer, if none waits.
  mutating func nextDeadline() -> ContinuousClock.Instant? {
    if head < queue.count { return queue[head].job.deadline }
    watched = false
    return nil
  }

  mutating func expire(at now: ContinuousClock.Instant) -> Action {
    var expired: [Job] = []
    while head < queue.count, queue[head].job.deadline <= now {
      expired.append(queue[head].job)
      head += 1
    }
    return .refuse(expired, PostgresError(.acquireTimeout, "every connection stayed busy"))
  }

  // MARK: - Closing

  mutating func close(_ continuation: UnsafeContinuation<Void, Never>) -> Action {
    if workers == 0 {
      if case .open = phase { phase = .closing([]) }
      return .end([], [continuation])
    }
    switch phase {
    case .open: phase = .closing([continuation])
    case .closing(let waiting): phase = .closing(waiting + [continuation])
    }
    defer { idle = [] }
    return .end(idle, [])
  }

  /// A worker's thread has ended.
  mutating func ended() -> Action {
    workers -= 1
    guard workers == 0, case .closing(let waiting) = phase else { return .none }
    phase = .closing([])
    return .end([], waiting)
  }
}
