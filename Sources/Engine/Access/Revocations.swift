import L402
import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// The tokens that no longer open anything (a revocation list), in memory: a verification asks no database. Filled at
/// the start, kept up by notifications, and believed only while the listener is alive (see ``DoorCache/isTrusted``).
public final class Revocations: Sendable {
  private let tokens = Mutex<Set<TokenID>>([])
  private let store: any Store
  private let clock: any WallClock
  private let log: Logger

  init(store: any Store, clock: any WallClock, log: Logger) {
    self.store = store
    self.clock = clock
    self.log = log
  }

  func contains(_ token: TokenID) -> Bool {
    tokens.withLock { $0.contains(token) }
  }

  func insert(_ new: [TokenID]) {
    tokens.withLock { $0.formUnion(new) }
  }

  /// Reads all of them from the store: at the start, and after a lapse in which some may not have been told. Those that
  /// were told meanwhile stay.
  func learn() async throws {
    insert(try await store.transaction { tx in try tx.revokedTokens() })
  }

  /// Ends every credential of a lease, at any daemon. Its renter has none then; whoever pays for it may only pay.
  ///
  /// - Returns: how many were ended.
  public func revokeAll(of id: LeaseID, requestID: String) async throws -> Int {
    let now = clock.now()
    let revoked = try await store.transaction { tx -> [TokenID] in
      guard try tx.lockLease(id) != nil else { throw Refusal.unknownLease }
      return try tx.revokeAll(of: id, except: nil, at: now)
    }
    insert(revoked)
    log.notice(
      "all credentials of a lease were revoked",
      metadata: ["lease": "\(id)", "credentials": "\(revoked.count)", "request": "\(requestID)"])
    return revoked.count
  }
}
