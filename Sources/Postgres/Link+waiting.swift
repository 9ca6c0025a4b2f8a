import CLibpq
import Glibc

/// Waiting for the server, which never lasts for ever: libpq's own calls would.
extension Link {
  /// A wait is interrupted so often to see whether the server was found to be away meanwhile.
  private static let glance = Duration.milliseconds(250)
  /// So much longer than the server's own limit we wait for the word of it.
  static let grace = Duration.seconds(1)

  /// The last result of what was sent, as `PQexec` gives it; `nil` when there is none.
  /// - Throws: `connectionLost` when the server kept silent for too long. Nothing more is read from it then.
  func answer() throws -> OpaquePointer? {
    let began = ContinuousClock.now
    var last: OpaquePointer?
    do {
      while let next = try nextResult(since: began) {
        PQclear(last)
        last = next
        switch PQresultStatus(next) {
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH: return last
        default: if PQstatus(raw) != CONNECTION_OK { return last }
        }
      }
    } catch {
      PQclear(last)
      throw error
    }
    return last
  }

  /// The next result; `nil` at the end of one command.
  func nextResult(since began: ContinuousClock.Instant) throws -> OpaquePointer? {
    try flush(since: began)
    while PQisBusy(raw) != 0 {
      try wait(for: POLLIN, since: began)
      // A broken connection is told by the result.
      if PQconsumeInput(raw) == 0 { break }
      settings.presence.heard()
    }
    return PQgetResult(raw)
  }

  /// Sends what libpq still holds.
  func flush(since began: ContinuousClock.Instant) throws {
    while true {
      switch PQflush(raw) {
      case 0: return
      case 1: try wait(for: POLLIN | POLLOUT, since: began)
      // A broken connection is told by the result.
      default: return
      }
      // While we send, the server may have something to say that keeps it from reading.
      if PQconsumeInput(raw) == 0 { return }
    }
  }

  /// - Throws: `connectionLost`; the connection is cut.
  private func wait(for events: Int32, since began: ContinuousClock.Instant) throws {
    while true {
      if waitFor(descriptor, Int16(events), until: .now + Link.glance) { return }
      guard let until = silenceEnds(since: began), until <= .now else { continue }
      let error = PostgresError(.connectionLost, "the server does not answer")
      settings.presence.missed(since: began, error)
      sever()
      throw noting(error)
    }
  }

  /// When a silence that began then is given up.
  func silenceEnds(since began: ContinuousClock.Instant) -> ContinuousClock.Instant? {
    let limit = limit.map { began + $0 + Link.grace }
    guard let away = settings.presence.givesUp(began, after: settings.awayPatience) else { return limit }
    return limit.map { min($0, away) } ?? away
  }

  // MARK: - The server's own limit

  /// Lets the statements that follow take so long; `nil`: as long as they like.
  func allow(_ limit: Duration?) throws {
    guard limit != self.limit else { return }
    try script("SET statement_timeout = \(limit.map { max(1, $0.milliseconds) } ?? 0)")
    self.limit = limit
  }
}
