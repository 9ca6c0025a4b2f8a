import NIOCore
import Synchronization

/// What goes wrong on a server's wire, set by the test.
public final class WireFaults: Sendable {
  private struct State {
    var left: Int?
    var wasCut = false
    var rewrite: (@Sendable ([UInt8]) -> [UInt8])?
    var answering: (@Sendable (String) async -> Bool)?
  }
  private let state = Mutex(State())

  public init() {}

  /// The connection ends after so many bytes of answers, counted from now on.
  public func cut(after bytes: Int) {
    state.withLock { state in
      state.left = bytes
      state.wasCut = false
    }
  }

  public var wasCut: Bool { state.withLock { $0.wasCut } }

  /// Each answer's body is put in other words.
  public func rewrite(_ rewrite: @escaping @Sendable ([UInt8]) -> [UInt8]) { state.withLock { $0.rewrite = rewrite } }

  /// Asked before each answer, with the method or path: `false` swallows it.
  public func beforeAnswering(_ answering: @escaping @Sendable (String) async -> Bool) {
    state.withLock { $0.answering = answering }
  }

  public func mend() { state.withLock { $0 = State() } }

  func rewritten(_ body: [UInt8]) -> [UInt8] { state.withLock { $0.rewrite }?(body) ?? body }
  func mayAnswer(_ name: String) async -> Bool { await state.withLock { $0.answering }?(name) ?? true }

  /// How many of the bytes may go out; `nil` for all.
  fileprivate func allowance(_ count: Int) -> Int? {
    state.withLock { state in
      guard let left = state.left else { return nil }
      if count <= left {
        state.left = left - count
        return nil
      }
      state.left = 0
      state.wasCut = true
      return left
    }
  }
}

/// Cuts what goes out where the test said.
final class WireCutter: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let faults: WireFaults

  init(_ faults: WireFaults) {
    self.faults = faults
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var buffer = unwrapOutboundIn(data)
    guard let allowed = faults.allowance(buffer.readableBytes) else { return context.write(data, promise: promise) }
    let part = buffer.readSlice(length: allowed) ?? ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(part), promise: promise)
    context.close(promise: nil)
  }
}

/// The connections of a server, so that all can be ended at once.
final class Connections: Sendable {
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  func add(_ channel: any Channel) {
    channels.withLock { $0[ObjectIdentifier(channel)] = channel }
    channel.closeFuture.whenComplete { [self] _ in channels.withLock { $0[ObjectIdentifier(channel)] = nil } }
  }

  func closeAll() async {
    for channel in channels.withLock({ Array($0.values) }) { try? await channel.close() }  // Closed already is as good.
  }
}
