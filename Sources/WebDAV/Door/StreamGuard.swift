import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Watches one body on its way: ends it when the client stalls or the lease stops serving, and tells the meter.
///
/// It asks each second and every 4 MiB (DESIGN §6). Only time spent waiting for the client counts as stalling, not time
/// spent on our disk. Ending means answering `408` where no answer has begun, and closing the connection: a suspended
/// read or write then fails, and what was half written is dropped by its owner.
final class StreamGuard: Sendable {
  enum Direction: Sendable {
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
  private let admission: DoorAdmission
  private let state = Atomic<UInt8>(State.running)
  private let moved = Atomic<Int64>(0)
  private let isWaiting = Atomic<Bool>(false)
  private let told = Mutex<Int64>(0)
  private let timer = Mutex<RepeatedTask?>(nil)

  init(_ channel: any Channel, _ direction: Direction, _ admission: DoorAdmission, idle: TimeAmount) {
    self.channel = channel
    self.direction = direction
    self.admission = admission
    let tick = min(TimeAmount.seconds(1), TimeAmount.nanoseconds(idle.nanoseconds / 2))
    let patience = max(1, Int(idle.nanoseconds / max(1, tick.nanoseconds)))
    let look = Mutex<(moved: Int64, quiet: Int)>((0, 0))
    let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { [weak self] task in
      guard let self else { return task.cancel() }
      guard admission.stillServing() else { return self.end(State.stopped) }
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
  func wait() {
    isWaiting.store(true, ordering: .relaxed)
  }

  /// - Throws: when the stream has to end.
  func advance(by bytes: Int) throws(DoorProblem) {
    isWaiting.store(false, ordering: .relaxed)
    let before = moved.wrappingAdd(Int64(bytes), ordering: .relaxed).oldValue
    if before / Self.recheckBytes != (before + Int64(bytes)) / Self.recheckBytes {
      tell()
      if !admission.stillServing() { end(State.stopped) }
    }
    try check()
  }

  func check() throws(DoorProblem) {
    switch state.load(ordering: .acquiring) {
    case State.stalled: throw DoorProblem(408, "body-timeout", "the body stopped coming")
    case State.stopped: throw DoorProblem(FileFault(.stopped, "stream"), writing: true)
    default: break
    }
  }

  /// The stream is over; from here on the guard does nothing.
  ///
  /// - Throws: when it had ended it before.
  func finish() throws(DoorProblem) {
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
    admission.count(direction == .receiving ? DoorTraffic(ingress: fresh) : DoorTraffic(egress: fresh))
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
