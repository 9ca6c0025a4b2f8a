import Dispatch
import Glibc
import Synchronization

/// Lines on their way to a descriptor (an asynchronous appender over a ring buffer). Who logs puts a line in and goes on;
/// a thread of the queue's own writes what has gathered.
///
/// Bounded: what does not fit is counted, and a line says how many were lost. Nobody waits for a reader that does not
/// read. What is in the queue is written at a stop (``flush(within:)``) and, as far as can be, in a crash
/// (``outliveCrashes()``); it may then stand there twice.
public final class LogQueue: Sendable {
  /// Makes the line which says that so many were lost.
  public typealias Loss = @Sendable (_ lines: Int) -> [UInt8]

  private struct State {
    var lost = 0
    var lostInAll = 0
  }

  private let descriptor: CInt
  private let capacity: Int
  private let loss: Loss
  /// The part of the ring that only urgent lines may use.
  private let reserve: Int
  /// At most so much in one write: a pipe that can be written to takes as much without waiting (`PIPE_BUF`).
  private let most: Int
  private let isFile: Bool
  // Written under ``putting`` in front of ``filled``, read behind ``emptied``: nobody touches a byte that another does.
  private nonisolated(unsafe) let ring: UnsafeMutableRawPointer
  /// Bytes that were ever put in, and ever written.
  private let filled = Atomic<Int>(0)
  private let emptied = Atomic<Int>(0)
  private let putting = Mutex(State())
  private let emptying = Mutex(())
  private let isAsleep = Atomic<Bool>(false)
  private let isOver = Atomic<Bool>(false)
  private let awake = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)

  /// - Parameters:
  ///   - capacity: in bytes; a power of two.
  ///   - writes: `false` leaves the lines where they are until they are flushed.
  public init(
    descriptor: CInt = STDERR_FILENO, capacity: Int = 1 << 20, writes: Bool = true, loss: @escaping Loss
  ) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring is found its way around by its bits")
    self.descriptor = descriptor
    self.capacity = capacity
    self.loss = loss
    reserve = capacity / 8
    var about = stat()
    isFile = fstat(descriptor, &about) == 0 && about.st_mode & S_IFMT == S_IFREG
    most = isFile ? capacity : 4_096
    ring = .allocate(byteCount: capacity, alignment: 16)
    if writes { start() } else { ended.signal() }
  }

  deinit { ring.deallocate() }

  /// How many lines were ever lost.
  public var lostInAll: Int { putting.withLock { $0.lostInAll } }

  // MARK: Putting in

  /// Takes a line, with its end. Never waits for the descriptor.
  ///
  /// - Parameter isUrgent: it may use the last of the room: what is wrong is worth more than what is as usual.
  public func put(_ line: [UInt8], isUrgent: Bool = false) {
    putting.withLock { state in
      let free = capacity - (filled.load(ordering: .relaxed) - emptied.load(ordering: .acquiring))
      let room = isUrgent ? free : free - reserve
      let notice = state.lost > 0 ? loss(state.lost) : []
      guard notice.count + line.count <= room else {
        state.lost += 1
        state.lostInAll += 1
        return
      }
      state.lost = 0
      copy(notice)
      copy(line)
    }
    if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { awake.signal() }
  }

  private func copy(_ line: [UInt8]) {
    guard !line.isEmpty else { return }
    let from = filled.load(ordering: .relaxed)
    line.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      let start = from & (capacity - 1)
      let first = min(bytes.count, capacity - start)
      ring.advanced(by: start).copyMemory(from: base, byteCount: first)
      ring.copyMemory(from: base.advanced(by: first), byteCount: bytes.count - first)
    }
    filled.store(from + line.count, ordering: .sequentiallyConsistent)
  }

  /// Lines that were lost are told of even if no other line follows them.
  private func tellOfLoss() {
    putting.withLock { state in
      guard state.lost > 0 else { return }
      let notice = loss(state.lost)
      let free = capacity - (filled.load(ordering: .relaxed) - emptied.load(ordering: .acquiring))
      guard notice.count <= free else { return }
      state.lost = 0
      copy(notice)
    }
  }

  // MARK: Writing

  private func start() {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let made = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<LogQueue>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context)
    precondition(made == 0, "a process has room for the thread of its log")
    pthread_detach(thread)
  }

  private func run() {
    while true {
      while !writeOut(patience: 100) {}
      tellOfLoss()
      guard isEmpty else { continue }
      if isOver.load(ordering: .sequentiallyConsistent) { break }
      isAsleep.store(true, ordering: .sequentiallyConsistent)
      if isEmpty, !isOver.load(ordering: .sequentiallyConsistent) { awake.wait() }
      isAsleep.store(false, ordering: .sequentiallyConsistent)
      // Lines come in swarms: one write for many.
      usleep(2_000)
    }
    ended.signal()
  }

  private var isEmpty: Bool {
    filled.load(ordering: .sequentiallyConsistent) == emptied.load(ordering: .sequentiallyConsistent)
  }

  /// Writes what is there.
  ///
  /// - Parameter patience: for so many milliseconds it waits for a descriptor that takes nothing.
  /// - Returns: `false` when it took nothing for so long.
  private func writeOut(patience: CInt) -> Bool {
    emptying.withLock { _ in
      while !isEmpty {
        guard canWrite(patience) else { return false }
        writeSome()
      }
      return true
    }
  }

  private func canWrite(_ patience: CInt) -> Bool {
    if isFile { return true }
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&wanted, 1, patience) != 0
  }

  /// One write, up to the end of a line if it is not everything.
  private func writeSome() {
    let from = emptied.load(ordering: .relaxed)
    let there = filled.load(ordering: .acquiring) - from
    let start = from & (capacity - 1)
    var count = min(there, capacity - start, most)
    if count < there, count < capacity - start {
      let piece = UnsafeRawBufferPointer(start: ring.advanced(by: start), count: count)
      if let end = piece.lastIndex(of: UInt8(ascii: "\n")) { count = end + 1 }
    }
    let written = write(descriptor, ring.advanced(by: start), count)
    if written > 0 {
      emptied.store(from + written, ordering: .releasing)
    } else if errno != EINTR, errno != EAGAIN {
      // Nobody will ever read it.
      emptied.store(from + count, ordering: .releasing)
    }
  }

  // MARK: Ending

  /// Writes what was put in before, for a process that is about to end.
  ///
  /// - Returns: `false` when the descriptor would not take it in time.
  @discardableResult
  public func flush(within limit: Duration = .seconds(2)) -> Bool {
    let deadline = ContinuousClock.now + limit
    tellOfLoss()
    while !writeOut(patience: 50) {
      guard ContinuousClock.now < deadline else { return false }
    }
    return true
  }

  /// Ends the thread. What is put in after that is written by ``flush(within:)`` alone.
  public func close() {
    isOver.store(true, ordering: .sequentiallyConsistent)
    awake.signal()
    ended.wait()
    ended.signal()
    flush()
  }

  /// For a test of ``writeTheRest()``.
  func whileLocked(_ body: () -> Void) { putting.withLock { _ in emptying.withLock { _ in body() } } }

  /// What a process does that dies: without a lock, which somebody may hold who is dead already, and without memory.
  func writeTheRest() {
    for _ in 0..<512 where !isEmpty {
      guard canWrite(50) else { return }
      writeSome()
    }
  }
}
