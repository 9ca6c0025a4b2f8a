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

/// Keeps what `base` makes of a connection until it is handed to be served, and closes what was not handed to anybody
/// when the server stops.
private struct HeldChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let anteroom = Anteroom<Base.Value>()

  init(_ base: Base) { self.base = base }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    base.setup(channel: channel, logger: logger).map { value in
      anteroom.enter(value)
      return value
    }
  }

  func handle(value: Base.Value, logger: Logger) async {
    anteroom.leave(value)
    await base.handle(value: value, logger: logger)
  }
}
