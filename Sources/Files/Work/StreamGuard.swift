import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Why a body did not go its whole way.
public enum StreamFault: Error, Hashable, Sendable {
  /// The client neither sent nor took anything for too long: `408` where no answer had begun.
  case stalled
  /// The lease no longer serves.
  case stopped
  /// More came than was announced.
  case tooLong
  /// It ended before as much came as was announced.
  case tooShort
}

/// Watches one body on its way: ends it when the client stalls or the lease stops serving, and tells the meter.
///
/// It asks each second and every 4 MiB (DESIGN §6). Only time spent waiting for the client counts as stalling, not time
/// spent on our disk. Ending means answering `408` where no answer has begun, and closing the connection: a suspended
/// read or write then fails, and what was half written is dropped by its owner.
public final class StreamGuard: Sendable {
  public enum Direction: Sendable {
    /// The client sends; no answer has begun.
    case receiving
    /// We send.
    case sending
  }

  private enum State {
    static let running: UInt8 = 0
    static let finished: UInt8 = 1
    static let stalled: UInt8 = 2
    static let stopped: UInt8 = 3
  }

  static let recheckBytes: Int64 = 4 << 20

  private let channel: any Channel
  private let direction: Direction
  private let serving: @Sendable () -> Bool
  private let count: @Sendable (Int64) -> Void
  private let state = Atomic<UInt8>(State.running)
  private let moved = Atomic<Int64>(0)
  private let isWaiting = Atomic<Bool>(false)
  private let told = Mutex<Int64>(0)
  private let timer = Mutex<RepeatedTask?>(nil)

  /// - Parameters:
  ///   - channel: the connection; ended when the stream has to end.
  ///   - idle: how long the client may neither send nor take a byte.
  ///   - serving: whether the stream may go on; asked on the event loop, so it answers at once, from memory.
  ///   - count: told how many bytes were moved since it was last told. Returns at once.
  public init(
    _ channel: any Channel, _ direction: Direction, idle: TimeAmount, while serving: @escaping @Sendable () -> Bool,
    count: @escaping @Sendable (Int64) -> Void
  ) {
    self.channel = channel
    self.direction = direction
    self.serving = serving
    self.count = count
    let tick = min(TimeAmount.seconds(1), TimeAmount.nanoseconds(idle.nanoseconds / 2))
    let patience = max(1, Int(idle.nanoseconds / max(1, tick.nanoseconds)))
    let look = Mutex<(moved: Int64, quiet: Int)>((0, 0))
    let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { [weak self] task in
      guard let self else { return task.cancel() }
      guard serving() else { return self.end(State.stopped) }
      let moved = self.moved.load(ordering: .relaxed)
      let waiting = self.isWaiting.load(ordering: .relaxed)
      let quiet = look.withLock { look in
        look = moved == look.moved && waiting ? (moved, look.quiet + 1) : (moved, 0)
        return look.quiet
      }
      if quiet >= patience { self.end(State.stalled) }
    }
    timer.withLock { $0 = task }
  }

  deinit { timer.withLock { $0?.cancel() } }

  /// From here to ``advance(by:)`` it is the client we wait for.
  public func wait() {
    isWaiting.store(true, ordering: .relaxed)
  }

  /// - Throws: when the stream has to end.
  public func advance(by bytes: Int) throws(StreamFault) {
    isWaiting.store(false, ordering: .relaxed)
    let before = moved.wrappingAdd(Int64(bytes), ordering: .relaxed).oldValue
    if before / Self.recheckBytes != (before + Int64(bytes)) / Self.recheckBytes {
      tell()
      if !serving() { end(State.stopped) }
    }
    try check()
  }

  public func check() throws(StreamFault) {
    switch state.load(ordering: .acquiring) {
    case State.stalled: throw .stalled
    case State.stopped: throw .stopped
    default: break
    }
  }

  /// The stream is over; from here on the guard does nothing.
  ///
  /// - Throws: when it had ended it before.
  public func finish() throws(StreamFault) {
    timer.withLock { $0?.cancel() }
    tell()
    _ = state.compareExchange(expected: State.running, desired: State.finished, ordering: .acquiringAndReleasing)
    try check()
  }

  private func tell() {
    let total = moved.load(ordering: .relaxed)
    let fresh = told.withLock { told in
      defer { told = max(told, total) }
      return total - told
    }
    guard fresh > 0 else { return }
    count(fresh)
  }

  private func end(_ how: UInt8) {
    let (won, _) = state.compareExchange(
      expected: State.running, desired: how, ordering: .acquiringAndReleasing)
    guard won else { return }
    timer.withLock { $0?.cancel() }
    let channel = channel
    guard direction == .receiving else { return channel.close(promise: nil) }
    let status: HTTPResponse.Status = how == State.stalled ? .requestTimeout : .serviceUnavailable
    channel.write(
      HTTPResponsePart.head(
        HTTPResponse(status: status, headerFields: [.connection: "close", .contentLength: "0"])), promise: nil)
    channel.writeAndFlush(HTTPResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
  }
}
