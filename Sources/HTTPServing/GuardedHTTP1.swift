import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The framework's HTTP/1 channel with a ``RequestGuard`` in front of it, and a ``Doorkeeper`` in front of that.
struct GuardedHTTP1: HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  /// There are too many connections.
  struct NoRoom: Error {}

  let responder: HTTPChannelHandler.Responder
  let rules: ConnectionRules
  let doorkeeper: Doorkeeper
  let serverName: String?
  let prompt: (@Sendable (_ peer: String?) -> PromptAnswers.Answer)?
  let door: (@Sendable (any Channel) -> any ChannelHandler)?

  init(
    rules: ConnectionRules, serverName: String? = nil,
    prompt: (@Sendable (_ peer: String?) -> PromptAnswers.Answer)? = nil,
    door: (@Sendable (any Channel) -> any ChannelHandler)? = nil,
    responder: @escaping HTTPChannelHandler.Responder
  ) {
    self.serverName = serverName
    self.prompt = prompt
    self.door = door
    self.responder = responder
    self.rules = rules
    doorkeeper = Doorkeeper(rules)
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      guard let visit = doorkeeper.enter(channel) else {
        // It is not served by anybody yet, and is the setup's to close.
        channel.close(promise: nil)
        throw NoRoom()
      }
      let pipeline = channel.pipeline.syncOperations
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = 80 << 10
      limits.maxHeaderListSize = 80 << 10
      limits.maxHeaderFieldCount = 1_000
      try pipeline.configureHTTPServerPipeline(
        // The framework reads one request after the other, and checks what it writes.
        withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
      try pipeline.addHandler(RequestGuard(rules, visit))
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      try pipeline.addHandler(
        HTTPConnectionStateHandler(idleTimeout: .nanoseconds(rules.idle.nanoseconds), logger: logger))
      // Behind what counts requests and ends idle connections: who is answered here is not idle.
      if let prompt {
        let answer = prompt(channel.remoteAddress?.ipAddress)
        try pipeline.addHandler(PromptAnswers(serverName: serverName, answer))
      }
      if let door { try pipeline.addHandler(door(channel)) }
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async {
    await handleHTTP(asyncChannel: value, logger: logger)
  }
}
