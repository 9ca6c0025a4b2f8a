import HummingbirdCore
import Logging
import NIOCore

extension HTTPServerBuilder {
  /// An HTTP/1 server that may be stopped at any moment, also in the one in which a connection is accepted.
  ///
  /// `HTTPServerBuilder.http1(configuration:)` traps there.
  public static func held(_ configuration: HTTP1Channel.Configuration = .init()) -> HTTPServerBuilder {
    HTTPServerBuilder { HeldChannel(HTTP1Channel(responder: $0, configuration: configuration)) }
  }
}

/// Keeps what `base` makes of a connection until the connection is closed, whoever else has it.
private struct HeldChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base

  init(_ base: Base) { self.base = base }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger).map { value in
      // Closing finishes the writer first, and then completes this.
      channel.closeFuture.whenComplete { _ in withExtendedLifetime(value) {} }
      return value
    }
  }

  func handle(value: Base.Value, logger: Logger) async {
    await base.handle(value: value, logger: logger)
  }
}
