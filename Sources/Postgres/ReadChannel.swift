import CLibpq
import Glibc
import Logging

/// One pipelined connection of a ``Reader``. Used by its thread alone; never blocks but for the one round trip that
/// sets a new connection up.
final class ReadChannel {
  /// More in one batch would let a failing statement repeat too many.
  static let batchLimit = 128
  /// A read whose connection broke this often is the reason, rather than the victim.
  private static let breakLimit = 5

  private enum Phase {
    /// Not connected; the next attempt no sooner than `retry`. Can transition to: connecting.
    case down(retry: ContinuousClock.Instant)
    /// Can transition to: ready, down.
    case connecting(PostgresPollingStatusType, since: ContinuousClock.Instant, until: ContinuousClock.Instant)
    /// In pipeline mode, nothing under way. Can transition to: busy, down.
    case ready
    /// `requests` have been sent, from `answered` on without answer yet. Can transition to: ready, down.
    case busy
  }

  private let settings: LinkSettings
  private var phase = Phase.down(retry: .now)
  private var link: Link?
  private var progress: PipelineProgress?
  private var requests: [Reader.Request] = []
  private var answered = 0
  /// Answered with no answer, for one before them failed; to be sent again when the batch is through.
  private var aborted: [Reader.Request] = []
  private var isFlushing = false
  /// When a batch was sent, or the server last said something to it.
  private var heardAt = ContinuousClock.now
  private var pause = Duration.milliseconds(20)
  /// Why there is no connection; nil while there is one.
  private(set) var lastFailure: PostgresError?

  init(_ settings: LinkSettings) {
    self.settings = settings
  }

  var isReady: Bool { if case .ready = phase { true } else { false } }
  var isQuiet: Bool { if case .busy = phase { false } else { true } }

  // MARK: - Connecting

  /// Begins to connect if there is no connection and the pause since the last attempt is over.
  func connectIfDue(at now: ContinuousClock.Instant, patience: Duration) {
    if case .connecting(_, _, let deadline) = phase, deadline <= now {
      settings.hostWasSilent()
      disconnected(PostgresError(.connectionFailed, "no answer in time"))
    }
    guard case .down(let retry) = phase, retry <= now else { return }
    do {
      link = try Link.start(settings)
      phase = .connecting(PGRES_POLLING_WRITING, since: now, until: now + patience)
    } catch {
      disconnected(error)
    }
  }

  /// Gives a server up that has not answered a batch for too long.
  /// - Returns: the reads that have to be sent again.
  func breakSilence(at now: ContinuousClock.Instant) -> [Reader.Request] {
    guard case .busy = phase, let link, let end = link.silenceEnds(since: heardAt), end <= now else { return [] }
    let error = PostgresError(.connectionLost, "the server does not answer")
    settings.presence.missed(since: heardAt, error)
    link.sever()
    return disconnected(error)
  }

  func disconnect() {
    link = nil
    phase = .down(retry: .now)
  }

  private func advanceConnecting(
    _ link: Link, since began: ContinuousClock.Instant, until deadline: ContinuousClock.Instant
  ) throws {
    let status = PQconnectPoll(link.raw)
    switch status {
    case PGRES_POLLING_READING, PGRES_POLLING_WRITING:
      phase = .connecting(status, since: began, until: deadline)
    case PGRES_POLLING_OK:
      try link.setUp("; SET default_transaction_read_only = on")
      link.isReadOnlyByWish = true
      try link.require(PQenterPipelineMode(link.raw))
      pause = .milliseconds(20)
      lastFailure = nil
      phase = .ready
    default:
      throw link.connectFailure()
    }
  }

  /// - Returns: the reads that have to be sent again.
  @discardableResult
  private func disconnected(_ error: any Error) -> [Reader.Request] {
    settings.logger.debug("read connection lost", metadata: ["error": "\(error)"])
    if case .connecting(_, let began, _) = phase, let error = error as? PostgresError {
      settings.couldNotConnect(since: began, error)
    }
    lastFailure = error as? PostgresError ?? PostgresError(.connectionLost, "\(error)")
    link = nil
    progress = nil
    phase = .down(retry: .now + pause)
    pause = min(pause * 2, .milliseconds(500))
    var again = aborted
    aborted = []
    for var request in requests[answered...] {
      request.breaks += 1
      if request.breaks < ReadChannel.breakLimit { again.append(request) } else { request.answer(.failure(error)) }
    }
    requests = []
    answered = 0
    return again
  }

  // MARK: - Reading

  /// Sends a batch with one Sync.
  /// - Returns: the reads that have to be sent another way, because the connection broke.
  func send(_ batch: ArraySlice<Reader.Request>) -> [Reader.Request] {
    guard let link else { return Array(batch) }
    var unsent = batch
    do {
      try makeRoomForPrepared(link)
      var sent: [SentStatement] = []
      sent.reserveCapacity(batch.count)
      var cutAfter = false
      while let request = unsent.popFirst() {
        do {
          let cut = try link.willSend(request.sql)
          cutAfter = cutAfter || cut
        } catch {
          request.answer(.failure(error))
          continue
        }
        requests.append(request)
        try sent.append(link.send(request.sql, request.parameters, after: sent))
      }
      if sent.isEmpty { return [] }
      try link.require(PQpipelineSync(link.raw))
      heardAt = .now
      try flush(link)
      if cutAfter { link.sever() }
      progress = PipelineProgress(sent)
      phase = .busy
      return []
    } catch {
      return disconnected(error) + unsent
    }
  }

  /// Goes on when the socket is ready.
  /// - Returns: the reads that have to be sent again.
  func ready() -> [Reader.Request] {
    guard let link else { return [] }
    do {
      switch phase {
      case .down:
        return []
      case .connecting(_, let began, let deadline):
        try advanceConnecting(link, since: began, until: deadline)
        return []
      case .ready:
        if link.hasHungUp() { throw link.connectionError(nil) }
        return []
      case .busy:
        if isFlushing { try flush(link) }
        try link.require(PQconsumeInput(link.raw))
        heardAt = .now
        settings.presence.heard()
        return try receive(link)
      }
    } catch {
      return disconnected(error)
    }
  }

  /// Hands out the answers that are there.
  /// - Returns: once all are there, the reads a failing one has taken along.
  private func receive(_ link: Link) throws -> [Reader.Request] {
    while PQisBusy(link.raw) == 0 {
      guard let step = try progress?.take(PQgetResult(link.raw), on: link) else { return [] }
      switch step {
      case .more:
        if link.isBroken { throw link.connectionError(nil) }
      case .answered(.success(let result)):
        requests[answered].answer(.success(result))
        PQclear(result)
        answered += 1
      case .answered(.failure(let error)):
        var request = requests[answered]
        if error.sqlState == .inFailedTransaction {
          aborted.append(request)
        } else if error.isRetryable, request.breaks + 1 < ReadChannel.breakLimit {
          request.breaks += 1
          aborted.append(request)
        } else {
          request.answer(.failure(error))
        }
        answered += 1
      case .synced:
        requests.removeAll(keepingCapacity: true)
        answered = 0
        progress = nil
        phase = .ready
        defer { aborted = [] }
        return aborted
      }
    }
    return []
  }

  private func flush(_ link: Link) throws {
    let code = PQflush(link.raw)
    guard code >= 0 else { throw link.connectionError(nil) }
    isFlushing = code > 0
  }

  private func makeRoomForPrepared(_ link: Link) throws {
    guard link.prepared.isFull else { return }
    try link.require(PQexitPipelineMode(link.raw))
    try link.makeRoomForPrepared()
    try link.require(PQenterPipelineMode(link.raw))
  }

  // MARK: - Waiting

  /// What to wait for on the socket (descriptor −1 for nothing), and when to look again without that.
  func interest(hasWork: Bool) -> (pollfd, due: ContinuousClock.Instant?) {
    let descriptor = link?.descriptor ?? -1
    switch phase {
    case .down(let retry):
      return (pollfd(fd: -1, events: 0, revents: 0), hasWork ? retry : nil)
    case .connecting(let status, _, let deadline):
      let events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT
      return (pollfd(fd: descriptor, events: Int16(events), revents: 0), deadline)
    case .ready:
      return (pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), nil)
    case .busy:
      let events = isFlushing ? POLLIN | POLLOUT : POLLIN
      return (pollfd(fd: descriptor, events: Int16(events), revents: 0), nil)
    }
  }
}
