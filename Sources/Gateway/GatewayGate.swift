import Engine
import HTTPServing
import HTTPTypes

/// What the gateway asks of whoever knows leases.
public protocol GatewayGate: Sendable {
  /// - Parameter peer: the address of the connection.
  func caller(_ request: HTTPRequest, peer: String?) -> Caller
  /// Lets a request through by what is in memory, on the event loop: at once, and without blocking. `nil` where
  /// ``admit(_:_:)`` has to be asked.
  func admittedAsRemembered(_ target: PortTarget, _ caller: Caller) -> (any Admission)?
  /// - Throws: why not; ``answer(to:_:)`` says it.
  func admit(_ target: PortTarget, _ caller: Caller) async throws -> any Admission
  /// A new connection to the port.
  func connect(_ target: PortTarget, as visitor: PortVisitor) async throws -> PortConnection
  /// Turns what was thrown into an answer.
  func answer(to error: any Error, _ request: HTTPRequest) async -> PromptAnswers.Reply
  /// Whether a line of `Authorization` is for us, and nobody behind us is shown it.
  func isOurs(authorization line: String, among lines: [String]) -> Bool
  /// A request was answered.
  func told(_ request: HTTPRequest, _ caller: Caller, status: Int, after: Duration)
}

/// Why the container gave no answer that can be handed on.
public enum PortFault: Error, Hashable, Sendable {
  /// The connection ended before an answer came, or what came is no HTTP/1.
  case broken
  /// Nothing came in time.
  case silent
}
