import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Answers on the event loop itself what memory alone can say (a fast path): health, which is asked for when nothing else
/// gets a turn, and what is asked most. No task is made for it and no thread changes.
///
/// Everything else goes its way, and so does whatever is not a plain `GET`. Requests that were forwarded are answered in
/// their order: while one of a connection is under way, the next is forwarded too. Who does not take the answers gets no
/// more of them here: forwarded, they wait until he does.
public final class PromptAnswers: ChannelDuplexHandler, RemovableChannelHandler {
  public typealias InboundIn = HTTPRequestPart
  public typealias InboundOut = HTTPRequestPart
  public typealias OutboundIn = HTTPResponsePart
  public typealias OutboundOut = HTTPResponsePart

  /// A whole answer, without `Content-Length`, `Date` and `Server`.
  public struct Reply: Sendable {
    public var status: HTTPResponse.Status
    public var fields: HTTPFields
    public var body: [UInt8]

    public init(_ status: HTTPResponse.Status, _ fields: HTTPFields, body: [UInt8]) {
      self.status = status
      self.fields = fields
      self.body = body
    }
  }

  /// What is answered to a plain `GET`; `nil`: nothing here. Called on the event loop: it must neither block nor take long.
  public typealias Answer = @Sendable (_ request: HTTPRequest) -> Reply?

  private let answer: Answer
  private let serverName: String?
  /// Requests handed on whose answers have not ended.
  private var underWay = 0
  /// Of the present request, which is not forwarded.
  private var reply: Reply?
  private var isToBeFlushed = false

  public init(serverName: String?, _ answer: @escaping Answer) {
    self.serverName = serverName
    self.answer = answer
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if underWay == 0, Self.isPlain(head), context.channel.isWritable, let found = answer(head) {
        reply = found
      } else {
        underWay += 1
        context.fireChannelRead(data)
      }
    // One that has a body is not plain.
    case .body: if reply == nil { context.fireChannelRead(data) }
    case .end:
      guard let found = reply else { return context.fireChannelRead(data) }
      reply = nil
      write(found, context)
    }
  }

  public func channelReadComplete(context: ChannelHandlerContext) {
    if isToBeFlushed {
      isToBeFlushed = false
      context.flush()
    }
    context.fireChannelReadComplete()
  }

  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { underWay -= 1 }
    context.write(data, promise: promise)
  }

  /// A `GET` of an origin's path without a body, on a connection that goes on, and with nothing in its head that changes
  /// how it is read. What is not plain is no fault: it is answered as ever.
  static func isPlain(_ head: HTTPRequest) -> Bool {
    guard head.method == .get else { return false }
    for field in head.headerFields where isSpecial(field) { return false }
    return true
  }

  private static func isSpecial(_ field: HTTPField) -> Bool {
    switch field.name.canonicalName {
    case "content-length", "transfer-encoding", "content-type", "expect", "upgrade", "host", "idempotency-key": true
    case "connection": field.value.lowercased() != "keep-alive"
    default: false
    }
  }

  private func write(_ reply: Reply, _ context: ChannelHandlerContext) {
    var fields = reply.fields
    fields.append(HTTPField(name: .date, value: DateLine.shared.text()))
    if let serverName { fields.append(HTTPField(name: .server, value: serverName)) }
    context.write(
      wrapOutboundOut(.head(HTTPResponse(status: reply.status, headerFields: fields))), promise: nil)
    var body = context.channel.allocator.buffer(capacity: reply.body.count)
    body.writeBytes(reply.body)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: nil)
    isToBeFlushed = true
  }
}
