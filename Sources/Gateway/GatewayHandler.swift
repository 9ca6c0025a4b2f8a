import Engine
import HTTPServing
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// The gateway, on one client's connection (a reverse proxy): requests for ports of containers go there and their answers
/// come back, on this event loop, without a task or a change of threads where memory knows who may. Everything else passes.
///
/// Nothing is collected: a side is read only while the other takes what comes.
public final class GatewayHandler: ChannelDuplexHandler {
  public typealias InboundIn = HTTPRequestPart
  public typealias InboundOut = HTTPRequestPart
  public typealias OutboundIn = HTTPResponsePart
  public typealias OutboundOut = HTTPResponsePart

  /// One request, from its head to the end of its answer.
  struct Call {
    var request: HTTPRequest
    var target: PortTarget
    var caller: Caller
    var began: ContinuousClock.Instant
    var forwarded: ForwardedHead
    var admission: (any Admission)?
    var upstream: Upstream?
    /// The connection has carried a request before: it may end at the moment in which another is sent.
    var isReused = false
    var hasBody = false
    var requestEnded = false
    var status: Int?
    var traffic = Traffic(requests: 1)
    /// When a byte last came or went.
    var heard = NIODeadline.now()
    /// Until somebody is admitted, nobody is known.
    var visitor: PortVisitor { admission?.visitor ?? .stranger }
  }

  enum State {
    /// Requests are others' to answer.
    case passing
    /// It is found out who asks, or a connection is opened.
    case opening
    case proxying
    case tunnel
    case closed
  }

  let gate: any GatewayGate
  let rules: GatewayRules
  let pool: UpstreamPool
  private let peer: String?
  private let scheme: String
  var state = State.passing
  var call: Call?
  var context: ChannelHandlerContext?
  /// Requests handed on whose answers have not ended.
  private var underWay = 0
  /// What came before its turn: at most what one read brings.
  var held = CircularBuffer<HTTPRequestPart>()
  private var isReadWanted = false
  private var watch: Scheduled<Void>?

  /// - Parameters:
  ///   - pool: of this event loop.
  ///   - scheme: in which clients ask.
  init(gate: any GatewayGate, rules: GatewayRules, pool: UpstreamPool, peer: String?, scheme: String) {
    self.gate = gate
    self.rules = rules
    self.pool = pool
    self.peer = peer
    self.scheme = scheme
  }

  public func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  public func handlerRemoved(context: ChannelHandlerContext) {
    end()
    self.context = nil
  }

  public func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  /// The client is gone.
  private func end() {
    state = .closed
    watch?.cancel()
    held.removeAll()
    guard let call else { return }
    self.call = nil
    call.upstream?.reader = nil
    call.upstream?.close()
    call.admission?.count(call.traffic)
    // 499: as proxies call it in their logs.
    gate.told(call.request, call.caller, status: call.status ?? 499, after: .now - call.began)
  }

  // MARK: What comes from the client

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if case .passing = state, held.isEmpty, isOthers(part) { return hand(on: part, context) }
    held.append(part)
    drain()
  }

  /// A part that is not the head of a request to a port.
  private func isOthers(_ part: HTTPRequestPart) -> Bool {
    if case .head(let request) = part { !PortTarget.answers(request.path ?? "") } else { true }
  }

  private func hand(on part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    if case .head = part { underWay += 1 }
    context.fireChannelRead(wrapInboundOut(part))
  }

  /// Takes what is held, as far as it is its turn.
  func drain() {
    var hasHandedOn = false
    defer {
      // Whoever reads behind us looks when a read is complete.
      if hasHandedOn { context?.fireChannelReadComplete() }
    }
    while let context, let first = held.first {
      switch state {
      case .passing:
        if isOthers(first) {
          held.removeFirst()
          hand(on: first, context)
          hasHandedOn = true
        } else {
          // Answers come in the order of the requests.
          guard underWay == 0, case .head(let request) = first else { return }
          held.removeFirst()
          begin(request, context)
        }
      case .opening, .tunnel: return
      case .closed: return held.removeAll()
      case .proxying:
        guard call?.requestEnded == false, let upstream = call?.upstream, upstream.isWritable else { return }
        held.removeFirst()
        send(first, upstream)
      }
    }
    if isReadWanted, mayReadClient {
      isReadWanted = false
      context?.read()
    }
  }

  private func send(_ part: HTTPRequestPart, _ upstream: Upstream) {
    call?.heard = .now()
    switch part {
    case .head: break
    case .body(let bytes):
      call?.hasBody = true
      count(ingress: bytes.readableBytes)
      upstream.send(.body(.byteBuffer(bytes)))
    case .end:
      call?.requestEnded = true
      upstream.send(.end(nil))
      upstream.flush()
    }
  }

  public func channelReadComplete(context: ChannelHandlerContext) {
    if case .proxying = state { call?.upstream?.flush() }
    context.fireChannelReadComplete()
  }

  /// Nothing more is read while something waits for its turn.
  public func read(context: ChannelHandlerContext) {
    if mayReadClient { context.read() } else { isReadWanted = true }
  }

  private var mayReadClient: Bool { held.isEmpty }

  // MARK: The call

  private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
    let caller = gate.caller(request, peer: peer)
    guard let target = PortTarget(requestPath: request.path ?? "") else {
      // Whatever it is, it is not a port: the routes say so.
      hand(on: .head(request), context)
      return context.fireChannelReadComplete()
    }
    state = .opening
    let call = Call(
      request: request, target: target, caller: caller, began: .now,
      forwarded: ForwardedHead(
        request, target, client: rules.tellsClients ? caller.addressText : nil, scheme: scheme,
        isOurs: gate.isOurs(authorization:among:)))
    self.call = call
    if let admission = gate.admittedAsRemembered(target, caller) { return admitted(admission) }
    let gate = gate
    perform(context) { () async throws -> any Admission in
      try await gate.admit(target, caller)
    } then: { gateway, result in
      switch result {
      case .success(let admission): gateway.admitted(admission)
      case .failure(let error): gateway.refuse(error)
      }
    }
  }

  /// Runs `work` elsewhere and comes back to this event loop, if the call is still the one it was.
  private func perform<Value: Sendable>(
    _ context: ChannelHandlerContext, _ work: @escaping @Sendable () async throws -> Value,
    then: @escaping (GatewayHandler, Result<Value, any Error>) -> Void
  ) {
    let began = call?.began
    let done = context.eventLoop.makePromise(of: Value.self)
    done.completeWithTask(work)
    done.futureResult.assumeIsolated().whenComplete { [weak self] result in
      guard let self, self.call?.began == began, self.context != nil else { return }
      then(self, result)
    }
  }

  private func admitted(_ admission: any Admission) {
    call?.admission = admission
    guard let context, let call else { return }
    // What is sent twice does no harm only if it changes nothing.
    if call.forwarded.head.method == .GET || call.forwarded.head.method == .HEAD, !call.forwarded.asksForUpgrade,
      let upstream = pool.take(.init(call.target, admission.visitor))
    {
      self.call?.isReused = true
      return proxy(upstream)
    }
    connect(context)
  }

  func connect(_ context: ChannelHandlerContext) {
    guard let target = call?.target, let visitor = call?.visitor else { return }
    let gate = gate
    let loop = context.eventLoop
    let opened = loop.makePromise(of: PortConnection.self)
    opened.completeWithTask { try await gate.connect(target, as: visitor) }
    let began = call?.began
    opened.futureResult.assumeIsolated().flatMap { place in Upstream.open(place, on: loop) }
      .whenComplete { [weak self] result in
        guard let self, self.call?.began == began, self.context != nil else {
          if case .success(let upstream) = result { upstream.value.close() }
          return
        }
        switch result {
        case .success(let upstream): self.proxy(upstream.value)
        case .failure(let error): self.refuse(error)
        }
      }
  }

  private func proxy(_ upstream: Upstream) {
    guard let call else { return upstream.close() }
    state = .proxying
    self.call?.upstream = upstream
    self.call?.heard = .now()
    upstream.wake(for: self)
    upstream.send(.head(call.forwarded.head))
    drain()
    upstream.flush()
    upstream.read()
    keepWatch()
  }

  /// Answers in the container's place. What the client still sends of its request is not read: the connection ends.
  func refuse(_ error: any Error) {
    guard let context, let request = call?.request else { return }
    let gate = gate
    perform(context) {
      await gate.answer(to: error, request)
    } then: { gateway, result in
      guard case .success(let reply) = result else { return }
      gateway.reply(reply)
    }
  }

  private func reply(_ reply: PromptAnswers.Reply) {
    guard let context else { return }
    var fields = reply.fields
    fields.append(HTTPField(name: .date, value: DateLine.shared.text()))
    fields[.contentLength] = "\(reply.body.count)"
    let isWhole = call?.requestEnded == true || held.contains { if case .end = $0 { true } else { false } }
    if !isWhole || call?.forwarded.asksForUpgrade == true { fields[.connection] = "close" }
    call?.status = reply.status.code
    context.write(wrapOutboundOut(.head(HTTPResponse(status: reply.status, headerFields: fields))), promise: nil)
    if call?.request.method != .head {
      count(egress: reply.body.count)
      context.write(wrapOutboundOut(.body(ByteBuffer(bytes: reply.body))), promise: nil)
    }
    finish()
  }

  /// The answer is at its end, for the client and for the books.
  func finish() {
    guard let context, let call else { return }
    watch?.cancel()
    watch = nil
    // What is left of a request that was answered early: it is not the next one.
    if !call.requestEnded {
      while let first = held.popFirst() { if case .end = first { break } }
    }
    self.call = nil
    state = .passing
    if call.traffic != Traffic() { call.admission?.count(call.traffic) }
    gate.told(call.request, call.caller, status: call.status ?? 0, after: .now - call.began)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    drain()
  }

  func count(ingress: Int = 0, egress: Int = 0) {
    call?.traffic.ingress += Int64(ingress)
    call?.traffic.egress += Int64(egress)
    guard let call, let admission = call.admission, call.traffic.ingress + call.traffic.egress >= 4 << 20 else {
      return
    }
    admission.count(call.traffic)
    self.call?.traffic = Traffic()
  }

  // MARK: What comes from others' answers

  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var isEnd = false
    if case .end = unwrapOutboundIn(data) { isEnd = true }
    context.write(data, promise: promise)
    guard isEnd else { return }
    underWay -= 1
    if !held.isEmpty { context.eventLoop.assumeIsolated().execute { [weak self] in self?.drain() } }
  }

  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable, let upstream = call?.upstream, upstream.reader === self { upstream.read() }
    context.fireChannelWritabilityChanged()
  }

  // MARK: Time

  /// Cuts what its lease no longer pays for, and what has said nothing for too long.
  private func keepWatch() {
    guard let context else { return }
    watch = context.eventLoop.assumeIsolated().scheduleTask(in: rules.watch) { [weak self] in self?.look() }
  }

  private func look() {
    guard context != nil, let call else { return }
    guard call.admission?.mayGoOn() != false else { return cut() }
    // What moves is in use, and is told of before it ends: a tunnel may last for days.
    if call.traffic != Traffic() {
      call.admission?.count(call.traffic)
      self.call?.traffic = Traffic()
    }
    let silence = NIODeadline.now() - call.heard
    if call.status == nil, call.requestEnded, silence > rules.answer { return giveUp(PortFault.silent) }
    if silence > rules.silence { return cut() }
    keepWatch()
  }

  /// What has begun cannot be ended in words: the connection is closed, which is how a client sees that it is not whole.
  func cut() { context?.close(promise: nil) }

  func giveUp(_ fault: PortFault) {
    let upstream = call?.upstream
    call?.upstream = nil
    upstream?.reader = nil
    upstream?.close()
    guard call?.status == nil else { return cut() }
    state = .opening
    refuse(fault)
  }
}
