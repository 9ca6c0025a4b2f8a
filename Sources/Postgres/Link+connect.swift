import CLibpq
import Glibc

extension Link {
  /// Said on every new connection: what SQL makes of a moment must not depend on where the server stands.
  static let setup = "SET TIME ZONE 'UTC'"

  /// Connects, giving up at `deadline`. Blocks.
  /// - Throws: `connectionFailed`, with the SQLSTATE if the server gave one; `misuse` for a connection string that
  ///   cannot be parsed, without repeating it: it may hold a password.
  static func connect(_ settings: LinkSettings, until deadline: ContinuousClock.Instant) throws -> Link {
    let link = try start(settings)
    var status = PGRES_POLLING_WRITING
    while true {
      switch status {
      case PGRES_POLLING_OK:
        try link.script(setup)
        return link
      case PGRES_POLLING_READING, PGRES_POLLING_WRITING:
        let events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT
        guard waitFor(link.descriptor, Int16(events), until: deadline) else {
          throw PostgresError(.connectionFailed, "no answer in time")
        }
        status = PQconnectPoll(link.raw)
      default:
        throw link.connectFailure()
      }
    }
  }

  /// Begins to connect without waiting.
  static func start(_ settings: LinkSettings) throws -> Link {
    if let options = PQconninfoParse(settings.connection, nil) {
      PQconninfoFree(options)
    } else {
      throw PostgresError(.misuse, "the connection string cannot be parsed")
    }
    guard let raw = PQconnectStart(settings.connection) else {
      throw PostgresError(.connectionFailed, "out of memory")
    }
    let link = Link(raw: raw, settings: settings)
    // So that even the message of a refused connection carries its SQLSTATE.
    PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
    guard PQstatus(raw) != CONNECTION_BAD else { throw link.connectFailure() }
    return link
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
