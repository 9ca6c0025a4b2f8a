import HummingbirdCore
import Logging
import NIOCore

extension HTTPServerBuilder {
  /// An HTTP/1 server that bounds its connections, reads nothing but requests, and may be stopped at any moment, also in
  /// the one in which a connection is accepted.
  ///
  /// `HTTPServerBuilder.http1(configuration:)` traps there.
  ///
  /// - Parameters:
  ///   - serverName: said in what is answered on the event loop; elsewhere the framework says it.
  ///   - prompt: what is answered on the event loop, for a connection from this address; see ``PromptAnswers``.
  ///   - door: a handler of `HTTPRequestPart`s and `HTTPResponsePart`s that answers some requests in the framework's
  ///     place, and may take the whole connection over.
  public static func guarded(
    _ rules: ConnectionRules = ConnectionRules(), serverName: String? = nil,
    prompt: (@Sendable (_ peer: String?) -> PromptAnswers.Answer)? = nil,
    door: (@Sendable (any Channel) -> any ChannelHandler)? = nil
  ) -> HTTPServerBuilder {
    HTTPServerBuilder {
      GuardedChannel(GuardedHTTP1(rules: rules, serverName: serverName, prompt: prompt, door: door, responder: $0))
    }
  }
}

/// Keeps what `base` makes of a connection until it is handed to be served, and closes what was not handed to anybody
/// when the server stops.
private struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
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
    // Connections are accepted wherever the server was started; what is asked on them is answered on the threads that
    // everybody shares.
    await withTaskExecutorPreference(globalConcurrentExecutor) { await base.handle(value: value, logger: logger) }
  }
}
