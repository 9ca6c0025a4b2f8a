import Logging

/// What whoever stands at a door is told of a driver's failure.
struct DriverTrouble: Sendable {
  let log: Logger

  func refusal(for error: DriverError) -> Refusal {
    switch error.kind {
    case .stopped:
      // The renter's own doing, and for the renter to undo: trying again would not help.
      return .conflict(code: .containerStopped, "nothing runs in this container now: start it first")
    case .refused: return .unanswered(code: .portRefused, "nothing in the container listens on this port")
    case .busy: return .conflict(code: .containerBusy, error.words)
    case .cannotStart:
      return .conflict(code: .containerCannotStart, "its command cannot be started: \(error.words)")
    case .tooMany: return .tooManyAtOnce(error.words)
    case .silent:
      return .unanswered(code: .portSilent, "what listens on this port takes no connection now")
    case .timedOut:
      log.info("a container did not answer in time", metadata: ["error": "\(error)"])
      return .unavailable(retryAfter: 5, "the container did not answer in time; what was begun in it was ended")
    case .absent, .failed, .fenced, .unavailable, .noSpace:
      log.warning("a door could not reach its resource", metadata: ["error": "\(error)"])
      return .unavailable(retryAfter: 2, "the resource cannot be reached now")
    }
  }
}
