import NIOCore

/// How long the gateway waits, and how much it keeps.
public struct GatewayRules: Sendable {
  /// For the head of an answer, once the request has been sent.
  public var answer: TimeAmount
  /// For a byte, either way, within an answer or a tunnel.
  public var silence: TimeAmount
  /// For the next request, on a connection to a container.
  public var idle: TimeAmount
  /// Such connections to one port, on one event loop.
  public var mostIdle: Int
  /// How often an open stream asks whether it may go on.
  public var watch: TimeAmount
  /// Whether the container is told who asks, in `Forwarded` and `X-Forwarded-For`.
  public var tellsClients: Bool

  public init(
    answer: TimeAmount = .seconds(60), silence: TimeAmount = .minutes(10), idle: TimeAmount = .seconds(10),
    mostIdle: Int = 32, watch: TimeAmount = .seconds(1), tellsClients: Bool = true
  ) {
    self.answer = answer
    self.silence = silence
    self.idle = idle
    self.mostIdle = mostIdle
    self.watch = watch
    self.tellsClients = tellsClients
  }
}
