import Engine
import Glibc
import Ledger
import Synchronization
import Units

/// Keeps an old order from undoing a newer one.
///
/// Beside the resources of a driver lies one small file per lease with the highest generation that was acted on. Every
/// verb goes through `hold`: under the file's `flock` an older generation is refused and a newer one
/// is written down *before* anything is done, so that a daemon that was paused between reading its order and carrying it
/// out finds the fence closed when it wakes. The lock belongs to the open file and not to a thread, and goes with the
/// process: killing it at any point locks nobody out.
///
/// A destroyed lease leaves its file behind as a tombstone: an order that was given before the destruction, or with it,
/// does not bring the resource back. ``forgetTombstones(olderThan:at:)`` removes those that are older than any order
/// can be.
struct GenerationFence: Sendable {
  enum Purpose: Sendable {
    case act
    /// A success leaves a tombstone.
    case destroy
  }

  /// What the file says.
  struct Record: Hashable, Sendable {
    var generation: Int64
    var destroyed: Bool

    static let none = Record(generation: 0, destroyed: false)
  }

  /// A lease's file, locked.
  private struct Lock: ~Copyable {
    let file: Descriptor

    // Said, and not left to closing: a program that is just being started has a copy of the descriptor until it becomes
    // itself, and would keep the lock.
    deinit { flock(file.number, LOCK_UN) }
  }

  let folder: String
  private let interruptions = Interruptions()

  /// Which leases' holders are being ended, by which generation.
  private final class Interruptions: Sendable {
    private let state = Mutex<[LeaseID: [Int64]]>([:])

    func begin(_ lease: LeaseID, by generation: Int64) {
      state.withLock { $0[lease, default: []].append(generation) }
    }

    func end(_ lease: LeaseID, by generation: Int64) {
      state.withLock { state in
        if let first = state[lease]?.firstIndex(of: generation) { state[lease]?.remove(at: first) }
        if state[lease]?.isEmpty == true { state[lease] = nil }
      }
    }

    func newest(_ lease: LeaseID) -> Int64? { state.withLock { $0[lease]?.max() } }
  }

  /// Who acts on a lease may go on for so long before another order ends what it waits for.
  private static let patience = Duration.seconds(1)

  /// - Parameter folder: on the same host and as lasting as the resources; made when missing.
  init(folder: String) throws(DriverError) {
    self.folder = folder
    try HostFile.makeFolders(folder, mode: 0o700)
  }

  /// Does `body` while nobody else acts on the lease.
  ///
  /// - Parameter interrupt: ends what the other waits for who acts on the lease; called again and again once that has taken
  ///   a second, unless the other's generation is newer. What fails there for it fails as `.fenced`.
  /// - Throws: `.fenced` when a newer generation has acted, or when the lease was destroyed by this generation or a
  ///   newer one and `purpose` is not `.destroy`.
  func exclusively<Value: Sendable>(
    _ lease: LeaseID, _ generation: Int64, _ purpose: Purpose = .act, as verb: String,
    interrupting interrupt: (() async throws(DriverError) -> Void)? = nil,
    body: () async throws(DriverError) -> Value
  ) async throws(DriverError) -> Value {
    let lock = try await locked(lease, generation, verb, interrupt)
    let descriptor = lock.file.number
    try await BlockingWork.run { () throws(DriverError) in
      try enter(descriptor, lease, generation, purpose, verb)
    }
    let value: Value
    do throws(DriverError) {
      value = try await body()
    } catch {
      guard let newer = interruptions.newest(lease), newer >= generation else { throw error }
      throw refusal(verb, lease, generation, "interrupted by generation \(newer): \(error.words)")
    }
    if purpose == .destroy {
      try await BlockingWork.run { () throws(DriverError) in
        try write(Record(generation: generation, destroyed: true), to: descriptor)
      }
    }
    _ = consume lock
    return value
  }

  private func enter(
    _ descriptor: Int32, _ lease: LeaseID, _ generation: Int64, _ purpose: Purpose, _ verb: String
  ) throws(DriverError) {
    let record = try record(in: descriptor, of: lease)
    guard generation >= record.generation else {
      throw refusal(verb, lease, generation, "generation \(record.generation) has acted")
    }
    if record.destroyed, generation == record.generation, purpose == .act {
      throw refusal(verb, lease, generation, "destroyed by this generation")
    }
    if generation > record.generation {
      try write(Record(generation: generation, destroyed: record.destroyed && purpose == .destroy), to: descriptor)
    }
  }

  /// What was acted on last. Takes no lock: the answer may be old when it arrives.
  func record(of lease: LeaseID) throws(DriverError) -> Record {
    try parse(HostFile.text(path(lease)) ?? "", of: lease)
  }

  /// Removes the tombstones that were last written more than `age` before `now`. An age far over the life of any
  /// order (they live minutes to days) keeps the promise.
  func forgetTombstones(olderThan age: Seconds, at now: Instant) throws(DriverError) {
    for name in try HostFile.names(in: folder) {
      guard let lease = LeaseID(name) else { continue }
      let number = open(path(lease), O_RDWR | O_CLOEXEC)
      guard number >= 0 else { continue }
      let file = Descriptor(number: number)
      // Somebody acts on it: it is no tombstone.
      guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { continue }
      var status = stat()
      guard fstat(file.number, &status) == 0, isCurrent(status, lease) else { continue }
      guard try record(in: file.number, of: lease).destroyed else { continue }
      if Instant(unixSeconds: Int64(status.st_mtim.tv_sec)) + age < now {
        try HostFile.removeFile(path(lease))
      }
    }
  }

  private func path(_ lease: LeaseID) -> String { "\(folder)/\(lease)" }

  /// Waits by asking again and not by blocking: a thread that waits for a lock is one that its holder cannot use.
  private func locked(
    _ lease: LeaseID, _ generation: Int64, _ verb: String, _ interrupt: (() async throws(DriverError) -> Void)?
  ) async throws(DriverError) -> Lock {
    var pause = Duration.milliseconds(1)
    let patientUntil = ContinuousClock.now + Self.patience
    var interrupts = false
    defer { if interrupts { interruptions.end(lease, by: generation) } }
    while true {
      let file = try Descriptor(opening: path(lease), O_RDWR | O_CREAT)
      if flock(file.number, LOCK_EX | LOCK_NB) == 0 {
        var status = stat()
        // A tombstone may have been removed between our opening and our locking: then this is a file nobody sees.
        if fstat(file.number, &status) == 0, isCurrent(status, lease) { return Lock(file: file) }
        continue
      }
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        throw DriverError(errno: code, attempted: "flock \(path(lease))")
      }
      if let interrupt, ContinuousClock.now >= patientUntil {
        guard try record(of: lease).generation <= generation else {
          throw refusal(verb, lease, generation, "a newer generation acts")
        }
        if !interrupts { interruptions.begin(lease, by: generation) }
        interrupts = true
        try await interrupt()
      }
      guard await Poller.shared.sleep(until: .now + pause) == .timeOver else {
        throw DriverError(.failed, attempted: "lock \(lease)", words: "cancelled while another acts on it")
      }
      pause = min(pause * 2, .milliseconds(50))
    }
  }

  private func isCurrent(_ status: stat, _ lease: LeaseID) -> Bool {
    var named = stat()
    return lstat(path(lease), &named) == 0 && named.st_ino == status.st_ino && named.st_dev == status.st_dev
  }

  private func refusal(_ verb: String, _ lease: LeaseID, _ generation: Int64, _ words: String) -> DriverError {
    DriverError(.fenced, attempted: "\(verb) \(lease) by generation \(generation)", words: words)
  }

  // MARK: - The file

  // One line of one length, written in place: replacing the file would leave a lock on a file nobody sees, and so few
  // bytes are never torn.
  private static let word = "leasehold-fence-1"

  private func record(in descriptor: Int32, of lease: LeaseID) throws(DriverError) -> Record {
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = try systemCall("read \(path(lease))") { pread(descriptor, &bytes, bytes.count, 0) }
    return try parse(String(decoding: bytes[..<count], as: UTF8.self), of: lease)
  }

  private func parse(_ text: String, of lease: LeaseID) throws(DriverError) -> Record {
    if text.isEmpty { return .none }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 3, words[0] == Self.word, let generation = Int64(words[1]),
      words[2] == "acting" || words[2] == "closed"
    else {
      throw DriverError(.failed, attempted: "read \(path(lease))", words: "this is no fence of ours")
    }
    return Record(generation: generation, destroyed: words[2] == "closed")
  }

  private func write(_ record: Record, to descriptor: Int32) throws(DriverError) {
    let digits = String(record.generation)
    let padding = String(repeating: "0", count: max(0, 20 - digits.utf8.count))
    let line = "\(Self.word) \(padding)\(digits) \(record.destroyed ? "closed" : "acting")\n"
    let bytes = Array(line.utf8)
    try systemCall("write a fence") { pwrite(descriptor, bytes, bytes.count, 0) }
    try systemCall("fsync a fence") { fsync(descriptor) }
  }
}
