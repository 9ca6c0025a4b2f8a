/// One line of `POST …/exec`: output, or the end.
public struct ExecLine: Hashable, Sendable, SnakeCased {
  /// `stdout` or `stderr`.
  public var stream: String?
  public var dataBase64: String?
  /// The last line: 128 + signal for a command that was killed.
  public var exitCode: Int32?
  /// The last line, when there is no exit code.
  public var error: String?

  public init(
    stream: String? = nil, dataBase64: String? = nil, exitCode: Int32? = nil, error: String? = nil
  ) {
    self.stream = stream
    self.dataBase64 = dataBase64
    self.exitCode = exitCode
    self.error = error
  }
}
