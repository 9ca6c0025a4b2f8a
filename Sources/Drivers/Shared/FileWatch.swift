import CLinux
import Engine
import Glibc
import Synchronization

/// Tells when files are written to (inotify(7)), for any number of listeners, with one descriptor of the process.
final class FileWatch: Sendable {
  private struct State {
    var descriptor: Int32?
    var listeners: [Int32: [UInt64: Poller.Ticket]] = [:]
    var last: UInt64 = 0
  }

  static let shared = FileWatch()
  private let state = Mutex(State())

  private init() {}

  /// Listens from now on until the answer is dropped. A file that is not there is never written to.
  func news(of paths: [String]) -> News {
    let ticket = Poller.shared.ticket()
    let (key, watches, isFirst) = state.withLock { state -> (UInt64, [Int32], Bool) in
      state.last += 1
      let isFirst = state.descriptor == nil
      if isFirst {
        let number = clinux_watch()
        // Without it, whoever listens looks again after a while.
        guard number >= 0 else { return (state.last, [], false) }
        state.descriptor = number
      }
      var watches: [Int32] = []
      for path in paths {
        let watch = clinux_watch_add(state.descriptor ?? -1, path)
        guard watch >= 0 else { continue }
        state.listeners[watch, default: [:]][state.last] = ticket
        watches.append(watch)
      }
      return (state.last, watches, isFirst)
    }
    if isFirst { Task { await read() } }
    return News(watch: self, key: key, watches: watches, ticket: ticket)
  }

  private func drop(_ key: UInt64, _ watches: [Int32]) {
    state.withLock { state in
      for watch in watches {
        state.listeners[watch]?[key] = nil
        guard state.listeners[watch]?.isEmpty == true else { continue }
        state.listeners[watch] = nil
        _ = clinux_watch_remove(state.descriptor ?? -1, watch)
      }
    }
  }

  private func read() async {
    guard let descriptor = state.withLock({ $0.descriptor }) else { return }
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else {
        _ = await Poller.shared.wait(for: descriptor)
        continue
      }
      var told: Set<Int32> = []
      var at = 0
      // struct inotify_event: watch, mask, cookie, length of the name that follows.
      while at + 16 <= count {
        let (watch, mask, length) = buffer.withUnsafeBytes {
          (
            $0.loadUnaligned(fromByteOffset: at, as: Int32.self),
            $0.loadUnaligned(fromByteOffset: at + 4, as: UInt32.self),
            $0.loadUnaligned(fromByteOffset: at + 12, as: UInt32.self)
          )
        }
        at += 16 + Int(length)
        // Too much happened (IN_Q_OVERFLOW): everybody looks.
        if mask & 0x4000 != 0 { told.formUnion(state.withLock { $0.listeners.keys.map { $0 } }) }
        told.insert(watch)
      }
      let tickets = state.withLock { state in told.flatMap { state.listeners[$0].map { Array($0.values) } ?? [] } }
      for ticket in tickets { Poller.shared.wake(ticket) }
    }
  }

  /// One who listens.
  final class News: Sendable {
    private let watch: FileWatch
    private let key: UInt64
    private let watches: [Int32]
    private let ticket: Poller.Ticket

    fileprivate init(watch: FileWatch, key: UInt64, watches: [Int32], ticket: Poller.Ticket) {
      self.watch = watch
      self.key = key
      self.watches = watches
      self.ticket = ticket
    }

    /// Returns when something was written since it began to listen, or at the moment given.
    func wait(until: ContinuousClock.Instant) async {
      await Poller.shared.sleep(until: until, ticket: ticket)
    }

    deinit {
      watch.drop(key, watches)
      Poller.shared.forget(ticket)
    }
  }
}
