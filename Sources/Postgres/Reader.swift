import CLibpq
import Glibc
import Logging
import Synchronization

/// One thread that sends the reads of many tasks through a few pipelined connections, and on which tasks may run.
///
/// `@unchecked Sendable`: `inbox` is a mutex; everything else mutable is touched by the thread of `run` alone.
final class Reader: TaskExecutor, @unchecked Sendable {
  /// A read and what to do with its answer, once.
  struct Request: Sendable {
    let sql: String
    let parameters: Parameters
    let began = ContinuousClock.now
    let deadline: ContinuousClock.Instant
    let cancellation: Cancellation
    /// How often a connection broke under it.
    var breaks = 0
    /// The result stays the reader's.
    let answer: @Sendable (Result<OpaquePointer, any Error>) -> Void

    init(
      sql: String, parameters: Parameters, patience: Duration, cancellation: Cancellation,
      answer: @escaping @Sendable (Result<OpaquePointer, any Error>) -> Void
    ) {
      self.sql = sql
      self.parameters = parameters
      deadline = began + patience
      self.cancellation = cancellation
      self.answer = answer
    }
  }

  private struct Inbox {
    var requests: [Request] = []
    var jobs: [UnownedJob] = []
    var isAwake = false
    var phase = Phase.idle
    var closers: [UnsafeContinuation<Void, Never>] = []

    var isEmpty: Bool { requests.isEmpty && jobs.isEmpty }
  }

  private enum Phase {
    /// Nobody has asked yet; there is no thread. Can transition to: running, ended.
    case idle
    /// Can transition to: closing.
    case running
    /// Takes no new reads, answers the ones it has. Can transition to: ended.
    case closing
    /// The thread is gone.
    case ended
  }

  /// How long a read waits for a connection.
  let patience: Duration
  let settings: LinkSettings
  private let inbox = Mutex(Inbox())
  private let bell = Bell()
  private var channels: [ReadChannel]
  private var waiting: [Request] = []

  init(_ settings: LinkSettings, connections: Int, patience: Duration) {
    self.settings = settings
    self.patience = patience
    channels = (0..<connections).map { _ in ReadChannel(settings) }
  }

  func submit(_ request: Request) {
    let (phase, mustRing) = inbox.withLock { inbox in
      let phase = inbox.phase
      guard phase == .idle || phase == .running else { return (phase, false) }
      inbox.phase = .running
      inbox.requests.append(request)
      defer { inbox.isAwake = true }
      return (phase, !inbox.isAwake)
    }
    switch phase {
    case .idle: spawnThread { self.run() }
    case .running: if mustRing { bell.ring() }
    case .closing, .ended: request.answer(.failure(PostgresError(.closed, "the pool is closed")))
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (phase, mustRing) = inbox.withLock { inbox in
      let phase = inbox.phase
      if phase == .ended { return (phase, false) }
      if phase == .idle { inbox.phase = .running }
      inbox.jobs.append(job)
      defer { inbox.isAwake = true }
      return (phase, !inbox.isAwake)
    }
    switch phase {
    case .idle: spawnThread { self.run() }
    case .running, .closing: if mustRing { bell.ring() }
    // A task may outlive the pool whose thread it preferred; it must go on somewhere.
    case .ended: spawnThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
  }

  func wake() {
    bell.ring()
  }

  /// Returns when everything asked before has been answered and the connections are closed.
  func close() async {
    await withUnsafeContinuation { continuation in
      let isOver = inbox.withLock { inbox in
        switch inbox.phase {
        case .idle:
          inbox.phase = .ended
          return true
        case .ended:
          return true
        case .running, .closing:
          inbox.phase = .closing
          inbox.closers.append(continuation)
          return false
        }
      }
      if isOver { continuation.resume() } else { bell.ring() }
    }
  }

  // MARK: - The thread

  private func run() {
    let executor = asUnownedTaskExecutor()
    while true {
      let (requests, jobs, closing) = inbox.withLock { inbox in
        defer {
          inbox.requests = []
          inbox.jobs = []
          inbox.isAwake = true
        }
        return (inbox.requests, inbox.jobs, inbox.phase == .closing)
      }
      waiting += requests
      for job in jobs { job.runSynchronously(on: executor) }
      // What those asked for belongs to this round.
      if !jobs.isEmpty, inbox.withLock({ !$0.isEmpty }) { continue }
      dispatch()
      if closing, waiting.isEmpty, channels.allSatisfy(\.isQuiet), end() { return }
      if inbox.withLock({ inbox in
        inbox.isAwake = !inbox.isEmpty
        return inbox.isAwake
      }) {
        continue
      }
      wait()
    }
  }

  /// - Returns: false if something came in at the last moment.
  private func end() -> Bool {
    let closers: [UnsafeContinuation<Void, Never>]? = inbox.withLock { inbox in
      guard inbox.isEmpty else { return nil }
      inbox.phase = .ended
      defer { inbox.closers = [] }
      return inbox.closers
    }
    guard let closers else { return false }
    for channel in channels { channel.disconnect() }
    for closer in closers { closer.resume() }
    return true
  }

  /// Gives what waits to the connections that are free, in equal parts.
  private func dispatch() {
    if waiting.isEmpty { return }
    if channels.allSatisfy({ !$0.isReady }) { sweep() }
    var free = channels.filter { $0.isReady }
    while let channel = free.popLast(), !waiting.isEmpty {
      let count = min(ReadChannel.batchLimit, (waiting.count + free.count) / (free.count + 1))
      waiting.replaceSubrange(0..<count, with: channel.send(waiting[..<count]))
    }
    if !waiting.isEmpty {
      for channel in channels { channel.connectIfDue(at: .now, patience: patience) }
    }
  }

  /// Answers what has been given up or has waited too long for a connection. All wait equally long, so the first is the oldest; what
  /// is sent again after a break goes to the front.
  private func sweep() {
    let now = ContinuousClock.now
    waiting.removeAll { request in
      if request.cancellation.flag.load(ordering: .relaxed) {
        request.answer(.failure(CancellationError()))
        return true
      }
      let given = settings.presence.givesUp(request.began, after: settings.awayPatience)
      guard min(request.deadline, given ?? request.deadline) <= now else { return false }
      let reason = channels.lazy.compactMap(\.lastFailure).first
      request.answer(
        .failure(
          reason.map { PostgresError(.connectionFailed, $0.message, sqlState: $0.sqlState) }
            ?? PostgresError(.acquireTimeout, "the reads before it took too long")))
      return true
    }
  }

  private func wait() {
    var pollers = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
    var deadline = waiting.first?.deadline
    for channel in channels {
      let (poller, due) = channel.interest(hasWork: !waiting.isEmpty)
      pollers.append(poller)
      if let due { deadline = min(deadline ?? due, due) }
    }
    // Whether the server was found to be away meanwhile is looked at, while anybody waits for it.
    if !waiting.isEmpty || !channels.allSatisfy(\.isQuiet) { deadline = min(deadline ?? .distant, .now + .glance) }
    let milliseconds = deadline.map { max(.zero, $0 - .now).milliseconds } ?? -1
    let count = poll(&pollers, nfds_t(pollers.count), milliseconds)
    if count > 0, pollers[0].revents != 0 { bell.silence() }
    for (channel, poller) in zip(channels, pollers.dropFirst()) where poller.revents != 0 {
      let returned = channel.ready()
      if !returned.isEmpty { waiting.insert(contentsOf: returned, at: 0) }
    }
    for channel in channels {
      let returned = channel.breakSilence(at: .now)
      if !returned.isEmpty { waiting.insert(contentsOf: returned, at: 0) }
    }
  }
}

extension ContinuousClock.Instant {
  fileprivate static var distant: ContinuousClock.Instant { .now + .seconds(3_600) }
}

extension Duration {
  fileprivate static var glance: Duration { .milliseconds(250) }
}
