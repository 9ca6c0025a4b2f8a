import L402
import Synchronization

/// The tokens that no longer open anything, in memory: a verification asks no database. Filled at start, kept up by
/// notifications, and believed only while the listener is alive (see ``DoorCache/isTrusted``).
final class Revocations: Sendable {
  private let tokens = Mutex<Set<TokenID>>([])

  func contains(_ token: TokenID) -> Bool {
    tokens.withLock { $0.contains(token) }
  }

  func insert(_ new: [TokenID]) {
    tokens.withLock { $0.formUnion(new) }
  }

  func replace(with all: [TokenID]) {
    tokens.withLock { $0 = Set(all) }
  }
}
