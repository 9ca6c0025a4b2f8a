import CLibpq
import Glibc

extension Link {
  /// What may wait for nothing: the first words on a new connection.
  private static let setupLimit = Duration.seconds(5)

  /// Connects, giving up at `deadline`, or while the server is known to be away some time after `began`. Blocks.
  /// - Throws: `connectionFailed`, with the SQLSTATE if the server gave one; `misuse` for a connection string that
  ///   cannot be parsed, without repeating it: it may hold a password.
  static func connect(
    _ settings: LinkSettings, until deadline: ContinuousClock.Instant, since began: ContinuousClock.Instant = .now
  ) throws -> Link {
    let started = ContinuousClock.now
    do {
      let link = try start(settings)
      var status = PGRES_POLLING_WRITING
      while status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING {
        let events = Int16(status == PGRES_POLLING_READING ? POLLIN : POLLOUT)
        while !waitFor(link.descriptor, events, until: min(deadline, .now + .milliseconds(250))) {
          let given = settings.presence.givesUp(began, after: settings.awayPatience).map { min($0, deadline) }
          guard given ?? deadline <= .now else { continue }
          settings.hostWasSilent()
          throw PostgresError(.connectionFailed, "no answer in time")
        }
        status = PQconnectPoll(link.raw)
      }
      guard status == PGRES_POLLING_OK else { throw link.connectFailure() }
      try link.setUp()
      return link
    } catch let error as PostgresError {
      settings.couldNotConnect(since: started, error)
      throw error
    }
  }

  /// Begins to connect without waiting.
  static func start(_ settings: LinkSettings) throws -> Link {
    guard let raw = PQconnectStart(try settings.nextConnection()) else {
      throw PostgresError(.connectionFailed, "out of memory")
    }
    let link = Link(raw: raw, settings: settings)
    // So that even the message of a refused connection carries its SQLSTATE.
    PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
    guard PQstatus(raw) != CONNECTION_BAD else { throw link.connectFailure() }
    return link
  }

  /// Says on a new connection what every one is told: what SQL makes of a moment must not depend on where the server
  /// stands, no statement goes on when we have given it up, and no transaction stays open behind a daemon that stopped.
  func setUp(_ more: String = "") throws {
    PQsetnonblocking(raw, 1)
    if settings.requiresWrites, takesNoWrites {
      throw PostgresError(
        .connectionFailed, "the server takes no writes: it is a standby, or its sessions are read-only")
    }
    limit = Link.setupLimit
    let timeout = settings.limit.map { max(1, $0.milliseconds) } ?? 0
    try script(
      "SET TIME ZONE 'UTC'; SET statement_timeout = \(timeout); SET idle_in_transaction_session_timeout = 60000"
        + settings.session + more)
    limit = settings.limit
    settings.presence.heard()
  }

  /// Whether the server has said of itself that it is a standby, or of the session that it reads only. From version 14 on
  /// it says so unasked.
  var takesNoWrites: Bool {
    func isOn(_ name: String) -> Bool { PQparameterStatus(raw, name).map { strcmp($0, "on") == 0 } ?? false }
    return isOn("in_hot_standby") || (isOn("default_transaction_read_only") && !isReadOnlyByWish)
  }

  func connectFailure() -> PostgresError {
    let message = String(cString: PQerrorMessage(raw)).trimmed
    return PostgresError(.connectionFailed, message, sqlState: sqlState(in: message))
  }

  /// Finds `28P01` in `… FATAL:  28P01: password authentication failed`.
  private func sqlState(in message: String) -> SQLState? {
    for word in message.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      guard word.count == 6, word.last == ":" else { continue }
      let code = word.dropLast()
      guard code.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isUppercase) }), code.contains(where: \.isNumber)
      else { continue }
      return SQLState(rawValue: String(code))
    }
    return nil
  }
}

extension PostgresError {
  /// Whether the server may let us in a moment later: it is down, starting, stopping or full. A wrong password or a
  /// database that does not exist stays so.
  var isPassingConnectFailure: Bool {
    guard kind == .connectionFailed || kind == .connectionLost else { return false }
    guard let sqlState else { return true }
    return sqlState.errorClass != "28" && sqlState.errorClass != "3D" && sqlState.errorClass != "42"
  }
}

/// Waits until the descriptor is ready or broken.
/// - Returns: false at the deadline.
func waitFor(_ descriptor: Int32, _ events: Int16, until deadline: ContinuousClock.Instant) -> Bool {
  var poller = pollfd(fd: descriptor, events: events, revents: 0)
  while true {
    let left = deadline - .now
    guard left > .zero else { return false }
    let count = Glibc.poll(&poller, 1, left.milliseconds)
    if count > 0 || (count < 0 && errno != EINTR) { return true }
  }
}

extension Duration {
  /// For `poll`: rounded up, so that a wait never ends early and spins.
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    return Int32(clamping: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}
