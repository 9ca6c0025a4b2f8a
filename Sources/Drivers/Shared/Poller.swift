import CLinux
import Dispatch
import Engine
import Glibc
import Synchronization

/// Waits for descriptors and for moments, on one thread of its own: neither a thread nor a timer is kept by who waits, and
/// a wait that is cancelled is gone.
///
/// A descriptor is waited for by one task at a time, and stays open while it is.
final class Poller: Sendable {
  enum Wake: Hashable, Sendable {
    case ready
    /// The moment came first.
    case timeOver
    /// Somebody called ``Poller/wake(_:)``, or the task was cancelled.
    case woken
  }

  enum Interest: Sendable {
    case readable
    case writable
  }

  private struct Wait {
    var continuation: CheckedContinuation<Wake, Never>
    /// -1: only the moment is waited for.
    var descriptor: Int32
    var until: ContinuousClock.Instant?
  }

  private struct State {
    var waits: [UInt64: Wait] = [:]
    /// Woken before they waited.
    var early: Set<UInt64> = []
    var last: UInt64 = 0
    /// Until when the thread sleeps; `nil`: until something is ready.
    var sleepsUntil: ContinuousClock.Instant?
  }

  /// What a waiting is called from outside.
  struct Ticket: Hashable, Sendable {
    fileprivate var number: UInt64
  }

  static let shared = Poller()

  private let poll: Int32
  private let bell: Int32
  private let state = Mutex(State())
  private static let bellKey: UInt64 = 0

  private init() {
    poll = clinux_poll()
    bell = clinux_bell()
    precondition(poll >= 0 && bell >= 0, "a process that may open nothing at its start cannot work")
    DispatchQueue(label: "leasehold.drivers.poller").async { self.loop() }
  }

  func ticket() -> Ticket {
    Ticket(
      number: state.withLock { state in
        state.last += 1
        return state.last
      })
  }

  /// - Parameters:
  ///   - until: no longer than this.
  ///   - ticket: for ``wake(_:)``.
  func wait(
    for descriptor: Int32, _ interest: Interest = .readable, until: ContinuousClock.Instant? = nil,
    ticket: Ticket? = nil
  ) async -> Wake {
    await wait(descriptor, interest, until, ticket)
  }

  /// - Returns: `.timeOver`, or `.woken`.
  @discardableResult
  func sleep(until: ContinuousClock.Instant, ticket: Ticket? = nil) async -> Wake {
    await wait(-1, .readable, until, ticket)
  }

  private func wait(
    _ descriptor: Int32, _ interest: Interest, _ until: ContinuousClock.Instant?, _ given: Ticket?
  ) async -> Wake {
    let ticket = given ?? ticket()
    // It may have been cancelled when it was over already.
    defer { if given == nil { forget(ticket) } }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Wake? in
          if state.early.remove(ticket.number) != nil { return .woken }
          if descriptor >= 0, clinux_poll_add(poll, descriptor, interest == .writable ? 1 : 0, ticket.number) < 0 {
            // What cannot be waited for is read, and says then what is wrong with it.
            return .ready
          }
          state.waits[ticket.number] = Wait(continuation: continuation, descriptor: descriptor, until: until)
          if let until, state.sleepsUntil.map({ until < $0 }) ?? true { ring() }
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      wake(ticket)
    }
  }

  /// Ends a wait, or the next one under this ticket.
  func wake(_ ticket: Ticket) {
    finish(ticket.number, .woken, orEarly: true)
  }

  /// Nobody will wait under it any more.
  func forget(_ ticket: Ticket) {
    state.withLock { _ = $0.early.remove(ticket.number) }
  }

  private func finish(_ number: UInt64, _ wake: Wake, orEarly: Bool = false) {
    let continuation = state.withLock { state -> CheckedContinuation<Wake, Never>? in
      guard let wait = state.waits.removeValue(forKey: number) else {
        if orEarly { state.early.insert(number) }
        return nil
      }
      if wait.descriptor >= 0 { clinux_poll_remove(poll, wait.descriptor) }
      return wait.continuation
    }
    continuation?.resume(returning: wake)
  }

  private func ring() {
    var one: UInt64 = 1
    // Fails only when it was rung already.
    _ = Glibc.write(bell, &one, 8)
  }

  private func loop() {
    clinux_poll_add(poll, bell, 0, Self.bellKey)
    var keys = [UInt64](repeating: 0, count: 64)
    while true {
      let now = ContinuousClock.now
      let next = state.withLock { state in
        state.sleepsUntil = state.waits.values.compactMap(\.until).min()
        return state.sleepsUntil
      }
      // A millisecond more, so that it is over when we wake.
      let pause = next.map { Int32(clamping: max(0, ($0 - now).milliseconds) + 1) } ?? -1
      let found = clinux_poll_wait(poll, &keys, Int32(keys.count), pause)
      for key in keys.prefix(Int(max(0, found))) {
        if key == Self.bellKey {
          var count: UInt64 = 0
          _ = read(bell, &count, 8)
          clinux_poll_remove(poll, bell)
          clinux_poll_add(poll, bell, 0, Self.bellKey)
        } else {
          finish(key, .ready)
        }
      }
      let after = ContinuousClock.now
      let over = state.withLock { state in
        state.waits.filter { $0.value.until.map { $0 <= after } ?? false }.map(\.key)
      }
      for number in over { finish(number, .timeOver) }
    }
  }
}

extension Duration {
  fileprivate var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds.multipliedReportingOverflow(by: 1_000).overflow
      ? .max : seconds * 1_000 + attoseconds / 1_000_000_000_000_000
  }
}
