import NIOCore

/// Notices that the client has gone while an answer is on its way to it.
///
/// Hummingbird's `consumeWithCancellationOnInboundClose` is not used for this: with a body that was read before, it
/// drops its stream unfinished, which ends the process.
public final class HangUpWatch: ChannelInboundHandler, RemovableChannelHandler, Sendable {
  public typealias InboundIn = Any

  private let hungUp: @Sendable () -> Void

  /// - Parameter hungUp: called at least once when the client closes its side, from the event loop.
  public init(_ hungUp: @escaping @Sendable () -> Void) {
    self.hungUp = hungUp
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { hungUp() }
    context.fireUserInboundEventTriggered(event)
  }

  public func channelInactive(context: ChannelHandlerContext) {
    hungUp()
    context.fireChannelInactive()
  }

  /// Runs `body` while watching. A client that went before is noticed too: its socket says so.
  public static func watching<Result>(
    _ channel: any Channel, _ hungUp: @escaping @Sendable () -> Void, _ body: () async throws -> Result
  ) async throws -> Result {
    let watch = HangUpWatch(hungUp)
    try await channel.pipeline.addHandler(watch, position: .first).get()
    // The connection may be gone, and its handlers with it.
    defer { channel.pipeline.removeHandler(watch, promise: nil) }
    if try await hasGone(channel) { hungUp() }
    return try await body()
  }

  private static func hasGone(_ channel: any Channel) async throws -> Bool {
    guard channel.isActive else { return true }
    #if os(Linux)
      guard let socket = channel as? any SocketOptionProvider else { return false }
      // TCP_ESTABLISHED; anything else means that a FIN or RST has come.
      return try await socket.getTCPInfo().get().tcpi_state != 1
    #else
      return false
    #endif
  }
}
