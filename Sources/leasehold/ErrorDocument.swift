import Client

/// An error with `--json`: one line on standard error.
struct ErrorDocument: Codable {
  struct Details: Codable {
    /// For people.
    var message: String
    /// A problem's stable code, where the server has refused.
    var code: String?
    /// The HTTP status of the refusal.
    var status: Int?
    var exitCode: Int32

    enum CodingKeys: String, CodingKey {
      case message, code, status
      case exitCode = "exit_code"
    }
  }

  var error: Details

  init(message: String, exitCode: Int32) {
    error = Details(message: message, exitCode: exitCode)
  }

  init(_ error: any CustomStringConvertible & Error, _ status: ExitStatus) {
    self.init(message: String(describing: error), exitCode: status.rawValue)
    if case .problem(let problem) = error as? ClientError {
      self.error.code = problem.code
      self.error.status = problem.status
    }
  }
}
