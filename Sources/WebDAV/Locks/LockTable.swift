import L402
import Ledger
import Synchronization

/// The write locks (RFC 4918 §6, §7) of the leases this daemon serves.
///
/// They live in memory: a lock is a promise between editors of one disk, lasts an hour at most, and every client takes
/// it again when it has gone. Expired ones count as absent and are dropped when their lease is next asked about.
final class LockTable: Sendable {
  struct Lock: Hashable, Sendable {
    /// `urn:uuid:…`
    var token: String
    var path: ResourcePath
    /// Depth infinity: everything beneath it too.
    var isDeep: Bool
    var isExclusive: Bool
    /// The `owner` element as the client sent it, written out.
    var owner: String
    var seconds: Int64
    var expires: ContinuousClock.Instant

    var bytes: Int { owner.utf8.count + path.segments.reduce(0) { $0 + $1.utf8.count + 1 } }

    func covers(_ other: ResourcePath) -> Bool { isDeep ? path.contains(other) : path == other }
  }

  static let longest: Int64 = 3600
  /// Per lease: locks are memory that a renter makes us spend. Bytes are those of owners and paths.
  static let most = 256
  static let mostBytes = 64 << 10
  static let longestOwner = 1 << 10
  /// How many (shared) locks may cover one resource: each is told of in its `lockdiscovery`.
  static let deepest = 16

  private struct Leases {
    var locks: [LeaseID: [Lock]] = [:]
    /// When there are so many leases, those whose locks have all expired are forgotten.
    var purgeAt = 64
  }

  private let leases = Mutex(Leases())

  private func with<Result>(
    _ lease: LeaseID, at now: ContinuousClock.Instant, _ body: (inout sending [Lock]) -> sending Result
  ) -> Result {
    leases.withLock { all in
      var locks = (all.locks[lease] ?? []).filter { $0.expires > now }
      let result = body(&locks)
      all.locks[lease] = locks.isEmpty ? nil : locks
      if all.locks.count >= all.purgeAt {
        all.locks = all.locks.filter { $0.value.contains { $0.expires > now } }
        all.purgeAt = max(64, all.locks.count * 2)
      }
      return result
    }
  }

  /// Whether the lease has locks, perhaps expired ones.
  func isAny(of lease: LeaseID) -> Bool { leases.withLock { $0.locks[lease] != nil } }

  /// The locks under which a path lies.
  func covering(_ path: ResourcePath, of lease: LeaseID, at now: ContinuousClock.Instant) -> [Lock] {
    with(lease, at: now) { locks in locks.filter { $0.covers(path) } }
  }

  /// The locks on a path and on anything beneath it.
  func within(_ path: ResourcePath, of lease: LeaseID, at now: ContinuousClock.Instant) -> [Lock] {
    with(lease, at: now) { locks in locks.filter { path.contains($0.path) } }
  }

  enum Taking: Hashable, Sendable {
    case taken
    /// By a lock rooted there.
    case conflict(ResourcePath)
    case tooMany
  }

  func take(_ lock: Lock, of lease: LeaseID, at now: ContinuousClock.Instant) -> Taking {
    with(lease, at: now) { locks in
      let met = locks.first {
        ($0.covers(lock.path) || lock.covers($0.path)) && ($0.isExclusive || lock.isExclusive)
      }
      if let met { return .conflict(met.path) }
      let bytes = locks.reduce(lock.bytes) { $0 + $1.bytes }
      guard locks.count < Self.most, bytes <= Self.mostBytes else { return .tooMany }
      let paths = [lock.path] + (lock.isDeep ? locks.map(\.path).filter(lock.path.contains) : [])
      guard Set(paths).allSatisfy({ path in locks.count { $0.covers(path) } < Self.deepest }) else { return .tooMany }
      locks.append(lock)
      return .taken
    }
  }

  /// Begins the time of the lock anew that covers the path and whose token was sent. `nil` when there is none.
  ///
  /// - Parameter reaches: whether whoever asks reaches a lock's root.
  func refresh(
    _ tokens: Set<String>, covering path: ResourcePath, of lease: LeaseID, seconds: Int64,
    at now: ContinuousClock.Instant, where reaches: @Sendable (ResourcePath) -> Bool = { _ in true }
  ) -> Lock? {
    with(lease, at: now) { locks in
      guard
        let index = locks.firstIndex(where: { tokens.contains($0.token) && $0.covers(path) && reaches($0.path) })
      else { return nil }
      locks[index].seconds = seconds
      locks[index].expires = now + .seconds(seconds)
      return locks[index]
    }
  }

  enum Release: Hashable, Sendable {
    case released
    /// No lock of this token covers the path.
    case unknown
    /// There is one, and whoever asks does not reach its root: it is somebody else's, and stays.
    case outOfReach
  }

  /// Takes the lock off that covers the path and has this token.
  ///
  /// - Parameter reaches: whether whoever asks reaches a lock's root.
  func release(
    _ token: String, covering path: ResourcePath, of lease: LeaseID, at now: ContinuousClock.Instant,
    where reaches: @Sendable (ResourcePath) -> Bool = { _ in true }
  ) -> Release {
    with(lease, at: now) { locks in
      guard let index = locks.firstIndex(where: { $0.token == token && $0.covers(path) }) else { return .unknown }
      guard reaches(locks[index].path) else { return .outOfReach }
      locks.remove(at: index)
      return .released
    }
  }

  /// What was deleted or moved away takes its locks with it.
  func drop(beneath path: ResourcePath, of lease: LeaseID, at now: ContinuousClock.Instant) {
    with(lease, at: now) { locks in locks.removeAll { path.contains($0.path) } }
  }

  /// What replaces a folder inherits a lock on the folder's name, but none on names inside it.
  func drop(strictlyBeneath path: ResourcePath, of lease: LeaseID, at now: ContinuousClock.Instant) {
    with(lease, at: now) { locks in locks.removeAll { path != $0.path && path.contains($0.path) } }
  }

  /// For who has met one of them.
  static let bounds =
    "a disk has at most \(most) locks with \(mostBytes >> 10) KiB of owners and paths, and \(deepest) on one resource"

  /// A fresh token: a version 4 UUID from the system's generator.
  static func makeToken() -> String {
    let high = UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000
    let low = UInt64.random(in: .min ... .max) & ~(3 << 62) | 1 << 63
    func hex(_ value: UInt64, _ count: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: count - text.count) + text
    }
    return "urn:uuid:\(hex(high >> 32, 8))-\(hex(high >> 16 & 0xFFFF, 4))-\(hex(high & 0xFFFF, 4))-"
      + "\(hex(low >> 48, 4))-\(hex(low & 0xFFFF_FFFF_FFFF, 12))"
  }
}
