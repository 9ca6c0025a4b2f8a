import Client

/// What the shell is told. `exec` alone ends with the command's own code.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case usage = 2
  /// Payment declined, over budget, or required and not allowed.
  case unpaid = 3
  case notFound = 4
  case noCapacity = 5

  /// Nil for errors of the command line itself.
  init?(_ error: any Error) {
    switch error {
    case let error as ClientError: self.init(error)
    case let error as Complaint: self = error.status
    default: return nil
    }
  }

  init(_ error: ClientError) {
    switch error {
    case .problem(let problem):
      switch (problem.code, problem.status) {
      case ("no-capacity", _): self = .noCapacity
      case (_, 402): self = .unpaid
      case (_, 404), (_, 410): self = .notFound
      default: self = .failed
      }
    case .wallet(.unreachable): self = .failed
    case .paymentRequired, .badChallenge, .overBudget, .overLimit, .notApproved, .wallet, .paidButRefused:
      self = .unpaid
    case .noCredential, .unknownLease, .leaseOver: self = .notFound
    case .ambiguousLease, .nameTaken, .otherServer: self = .usage
    case .notMade, .unreachable, .unreadable, .state, .file, .exec: self = .failed
    }
  }
}

/// Something a command has to say against what it was asked.
struct Complaint: Error, CustomStringConvertible {
  var status: ExitStatus
  var description: String

  static func usage(_ words: String) -> Complaint { Complaint(status: .usage, description: words) }
  static func failed(_ words: String) -> Complaint { Complaint(status: .failed, description: words) }
}
