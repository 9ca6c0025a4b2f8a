import Logging
import Synchronization

/// A bounded set of connections, each with a thread of its own.
///
/// Work is handed over as a synchronous closure, runs on the thread of a free connection with blocking calls inside,
/// and comes back as one result: one hop in and one out, however many statements lie between. When every
/// connection is busy, work waits in the order it came and is taken up by the next free thread directly.
///
/// Connections are made when needed and made again when the server went away; while it is away, work waits for it
/// until ``Configuration/acquireTimeout``.
public final class Pool: Sendable {
  public struct Configuration: Sendable {
    /// What libpq takes: a URL or `key=value` pairs, TLS settings included.
    public var connection: String
    /// 1 or more.
    public var maxConnections: Int
    /// How long work may wait for a connection, and a connection for the server.
    public var acquireTimeout: Duration
    /// How often a transaction is run in all, if the server keeps refusing it for what others did.
    public var maxAttempts: Int
    /// How long a statement may take, waiting for locks included, before the server ends it, and before a server that
    /// keeps silent is given up; `nil`: as long as it likes. See ``Session/allow(_:)``.
    public var statementTimeout: Duration?
    /// How long work goes on, from when it began or from then, once the server is known to be away.
    public var awayPatience: Duration
    /// What is known of the server; pools of the same server may share one.
    public var presence: Presence
    /// Whether a server that takes no writes, as a standby, counts as away.
    public var requiresWrites: Bool
    /// Shared pipelined connections for `Pool.read`.
    public var readConnections: Int
    /// Settings of the server that every session of this pool is given, by name: how statements are planned, say.
    public var sessionSettings: [String: String]
    public var logger: Logger
    /// As ``FaultInjection``, for this pool alone.
    public var faultHook: FaultInjection.Hook?

    public init(
      connection: String, maxConnections: Int = 8, acquireTimeout: Duration = .seconds(10), maxAttempts: Int = 20,
      statementTimeout: Duration? = .seconds(30), awayPatience: Duration = .milliseconds(1_500),
      presence: Presence = Presence(), requiresWrites: Bool = true, readConnections: Int = 2,
      sessionSettings: [String: String] = [:], logger: Logger = Logger(label: "postgres"),
      faultHook: FaultInjection.Hook? = nil
    ) {
      precondition(maxConnections > 0 && maxAttempts > 0 && readConnections > 0, "a pool needs one of each")
      self.connection = connection
      self.maxConnections = maxConnections
      self.acquireTimeout = acquireTimeout
      self.maxAttempts = maxAttempts
      self.statementTimeout = statementTimeout
      self.awayPatience = awayPatience
      self.presence = presence
      self.requiresWrites = requiresWrites
      self.readConnections = readConnections
      self.sessionSettings = sessionSettings
      self.logger = logger
      self.faultHook = faultHook
    }
  }

  public let configuration: Configuration
  let settings: LinkSettings
  let reader: Reader
  private let state: Mutex<PoolState>

  /// Connects nothing yet.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    self.settings = LinkSettings(
      connection: configuration.connection, logger: configuration.logger, faultHook: configuration.faultHook,
      presence: configuration.presence, limit: configuration.statementTimeout,
      awayPatience: configuration.awayPatience, requiresWrites: configuration.requiresWrites,
      session: configuration.sessionSettings)
    self.reader = Reader(
      settings, connections: configuration.readConnections, patience: configuration.acquireTimeout)
    self.state = Mutex(PoolState(limit: configuration.maxConnections))
  }

  /// Statements sent so far by all connections of this pool, transaction control included.
  public var statementCount: Int { settings.counter.count }

  /// Runs `body` with one connection to itself, outside any transaction: each statement is its own.
  ///
  /// A transaction left open is rolled back. Nothing is retried.
  /// - Throws: what `body` threw; ``PostgresError`` of kind `acquireTimeout`, `connectionFailed`, `closed`;
  ///   `CancellationError` if cancelled while waiting.
  @discardableResult
  public func withConnection<T: Sendable>(
    _ body: @escaping @Sendable (borrowing Session) throws -> T
  ) async throws -> T {
    try await perform { worker, job in
      let link = try worker.connected(for: job)
      defer { worker.settle() }
      return try body(Session(link: link))
    }
  }

  /// Refuses new work, lets what has begun or waits finish, and closes the connections. Harmless if repeated.
  public func close() async {
    await withUnsafeContinuation { continuation in
      state.withLock { $0.close(continuation) }.run()
    }
    await reader.close()
  }

  // MARK: - One hop in, one hop out

  func perform<T: Sendable>(_ body: @escaping @Sendable (Worker, Job) throws -> T) async throws -> T {
    let ticket = state.withLock { $0.newTicket() }
    return try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<T, any Error>) in
        let job = Job(
          deadline: .now + configuration.acquireTimeout,
          body: { worker, job in continuation.resume(with: Result { try body(worker, job) }) },
          refusal: { continuation.resume(throwing: $0) })
        submit(job, ticket)
      }
    } onCancel: {
      state.withLock { $0.cancel(ticket) }.run()
    }
  }

  private func submit(_ job: Job, _ ticket: Int) {
    // Cancelled before the job was known, `onCancel` found nothing to cancel.
    if Task.isCancelled { return job.refuse(CancellationError()) }
    let action = state.withLock { $0.submit(job, ticket) { Worker(settings) } }
    if case .start(let worker, let job) = action {
      worker.start(
        next: { [self] worker in
          let (next, action) = state.withLock { $0.finished(worker) }
          action.run()
          return next
        },
        ended: { [self] in state.withLock { $0.ended() }.run() })
      worker.assign(job)
    } else {
      action.run()
    }
    if Task.isCancelled { state.withLock { $0.cancel(ticket) }.run() }
    if case .wait(let needsWatch) = action, needsWatch { watchDeadlines() }
  }

  /// One task sleeps for all who wait: they all wait equally long, so the first in the queue is the first to give up.
  private func watchDeadlines() {
    Task { [weak self] in
      while let deadline = self?.state.withLock({ $0.nextDeadline() }) {
        // Sleeping is cut short by nothing, and early expiry is checked for again.
        try? await Task.sleep(until: deadline, clock: .continuous)
        self?.state.withLock { $0.expire(at: .now) }.run()
      }
    }
  }
}
