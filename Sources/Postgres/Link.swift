import CLibpq
import Glibc
import Logging

/// One libpq connection, used by one thread at a time: the thread of its worker, reader or listener.
///
/// Not `Sendable`, and nothing of it leaves that thread. Calls block.
final class Link {
  let raw: OpaquePointer
  let settings: LinkSettings
  var prepared = PreparedStatements()
  /// Kept between statements for its memory.
  var parameters = Parameters()
  /// How long a statement may take; `nil`: as long as it likes. The server keeps it too.
  var limit: Duration?
  /// Whether we have forbidden this session to write: what it refuses then says nothing about the server.
  var isReadOnlyByWish = false
  /// The last failure after which running the transaction again makes sense; reset at BEGIN.
  var retryableFailure: PostgresError?

  init(raw: OpaquePointer, settings: LinkSettings) {
    self.raw = raw
    self.settings = settings
    // The context is unretained: libpq holds it no longer than the connection, which dies before `settings`.
    PQsetNoticeReceiver(raw, receiveNotice, Unmanaged.passUnretained(settings).toOpaque())
  }

  deinit {
    PQfinish(raw)
  }

  /// Whether the last pipeline got as far as its end; what broke later may have been done.
  var hasSentSync = false
  /// Set where the conversation cannot be taken up again though the socket may still stand.
  var isCondemned = false

  var isBroken: Bool { isCondemned || PQstatus(raw) != CONNECTION_OK }
  var isInTransaction: Bool { PQtransactionStatus(raw) != PQTRANS_IDLE }
  var isInFailedTransaction: Bool { PQtransactionStatus(raw) == PQTRANS_INERROR }
  var descriptor: Int32 { PQsocket(raw) }

  /// Whether the server has hung up while nobody was looking. One `poll` without waiting if it has not.
  func hasHungUp() -> Bool {
    if isBroken { return true }
    var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    // What there is to read on an idle connection is a notice, a changed parameter, or a farewell and then the end.
    while Glibc.poll(&poller, 1, 0) > 0 {
      if PQconsumeInput(raw) == 0 || isBroken { return true }
    }
    return false
  }

  /// Cuts the connection as a crashed server would.
  func sever() {
    isCondemned = true
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  // MARK: - One statement

  /// Runs a statement with ``parameters``, preparing it at its first use.
  /// - Returns: a result the caller clears.
  func execute(_ sql: String) throws -> OpaquePointer {
    try execute(sql, parameters)
  }

  func execute(_ sql: String, _ parameters: borrowing Parameters) throws -> OpaquePointer {
    let sever = try willSend(sql)
    do {
      return try executeOnce(sql, parameters, sever: sever)
    } catch let error as PostgresError where error.isStalePreparedStatement && !isInTransaction {
      // Outside a transaction nothing has happened yet; inside, the transaction is retried as a whole.
      return try executeOnce(sql, parameters, sever: false)
    }
  }

  private func executeOnce(_ sql: String, _ parameters: borrowing Parameters, sever: Bool) throws -> OpaquePointer {
    let name = try prepare(sql, parameters)
    let count = Int32(parameters.count)
    let sent = parameters.withPointers { values, lengths, formats in
      PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
    }
    do {
      guard sent == 1 else { throw noting(connectionError(sql)) }
      return try checked(sever ? severedResult() : answer(), sql)
    } catch let error as PostgresError where error.isStalePreparedStatement {
      prepared.forget(sql)
      throw error
    }
  }

  /// Runs one or more statements without parameters by the simple protocol; what they return is dropped.
  func script(_ sql: String) throws {
    PQclear(try simple(sql))
  }

  /// - Returns: the last result, which the caller clears.
  func simple(_ sql: String) throws -> OpaquePointer {
    let fault = try willSend(sql)
    try require(PQsendQuery(raw, sql))
    return try checked(fault ? severedResult() : answer(), sql)
  }

  /// Counts the statement and asks for faults.
  /// - Returns: whether the connection is to be cut after sending.
  func willSend(_ sql: String) throws -> Bool {
    settings.counter.increment()
    guard let fault = FaultInjection.consult(sql) ?? settings.faultHook?(sql) else { return false }
    switch fault {
    case .fail(let error):
      throw noting(error)
    case .disconnectBefore:
      sever()
      return false
    case .disconnectAfter:
      return true
    }
  }

  /// Sends what is waiting, waits until the server has hung its answer on the socket, and cuts the line unread.
  private func severedResult() -> OpaquePointer? {
    PQflush(raw)
    var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poller, 1, 10_000)
    sever()
    var drain = [UInt8](repeating: 0, count: 4096)
    while recv(descriptor, &drain, drain.count, 0) > 0 {}
    return PQgetResult(raw)
  }

  // MARK: - Results

  /// Passes a good result on; turns any other into an error, clearing it.
  func checked(_ result: OpaquePointer?, _ sql: String?) throws -> OpaquePointer {
    guard let result else { throw noting(connectionError(sql)) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_EMPTY_QUERY, PGRES_COPY_IN, PGRES_PIPELINE_SYNC:
      return result
    case PGRES_COPY_OUT, PGRES_COPY_BOTH:
      PQclear(result)
      sever()
      throw PostgresError(.misuse, "COPY TO STDOUT is not supported", statement: sql)
    case PGRES_PIPELINE_ABORTED:
      PQclear(result)
      throw PostgresError(
        .server, "not run: a statement before it failed", sqlState: .inFailedTransaction, statement: sql)
    default:
      defer { PQclear(result) }
      // The server hangs up after a fatal error, and the end may not have arrived yet.
      let error = PostgresError(result: result, kind: .server, statement: sql)
      if PostgresError.isFatal(result) || endsSession(error.sqlState) { isCondemned = true }
      throw noting(isBroken ? error.saying(.connectionLost) : error)
    }
  }

  /// Whether the server, or what stands in front of it, says that this session is of no more use: it shuts down (57P01 to
  /// 57P05), the connection is none (class 08), or it has become a standby under us (25006).
  private func endsSession(_ state: SQLState?) -> Bool {
    guard let state else { return false }
    if state == .readOnlyTransaction { return !isReadOnlyByWish }
    return state.errorClass == "08" || state.rawValue.hasPrefix("57P0")
  }

  func connectionError(_ sql: String?) -> PostgresError {
    PostgresError(
      isBroken ? .connectionLost : .misuse, String(cString: PQerrorMessage(raw)).trimmed, statement: sql)
  }

  func noting(_ error: PostgresError) -> PostgresError {
    if error.isRetryable { retryableFailure = error }
    return error
  }
}

/// What every connection of a pool shares.
final class LinkSettings: Sendable {
  let connection: String
  let logger: Logger
  let counter = StatementCounter()
  let faultHook: FaultInjection.Hook?
  let presence: Presence
  /// How long a statement may take.
  let limit: Duration?
  /// How long work goes on while the server is known to be away.
  let awayPatience: Duration
  /// Whether a server that takes no writes is of no use.
  let requiresWrites: Bool
  /// What a session is told besides, as statements.
  let session: String
  private let hosts: HostOrder

  init(
    connection: String, logger: Logger, faultHook: FaultInjection.Hook? = nil, presence: Presence = Presence(),
    limit: Duration? = .seconds(30), awayPatience: Duration = .milliseconds(1_500),
    requiresWrites: Bool = true, session: [String: String] = [:]
  ) {
    self.connection = connection
    self.logger = logger
    self.faultHook = faultHook
    self.presence = presence
    self.limit = limit
    self.awayPatience = awayPatience
    self.requiresWrites = requiresWrites
    // Names and values are the program's own.
    self.session = session.sorted { $0.key < $1.key }.map { "; SET \($0.key) = \($0.value)" }.joined()
    hosts = HostOrder(connection)
  }

  /// Where to connect to now. Of several hosts the one that kept silent last is asked last.
  func nextConnection() throws -> String { try hosts.current() }

  /// A server that is full or lets us not in is there.
  func couldNotConnect(since began: ContinuousClock.Instant, _ error: PostgresError) {
    guard error.isPassingConnectFailure, error.sqlState?.errorClass != "53" else { return }
    presence.missed(since: began, error)
  }

  /// The first of the hosts does not answer: another first.
  func hostWasSilent() { hosts.rotate() }
}

private func receiveNotice(_ context: UnsafeMutableRawPointer?, _ result: OpaquePointer?) {
  guard let context, let result else { return }
  let settings = Unmanaged<LinkSettings>.fromOpaque(context).takeUnretainedValue()
  settings.logger.debug(
    "notice from the server",
    metadata: ["notice": "\(PostgresError(result: result, kind: .server, statement: nil).message)"])
}
