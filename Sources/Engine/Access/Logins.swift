import L402
import Synchronization

/// What user names stand for, in memory (a bounded cache): facts that never change. Whether one still opens anything is
/// asked of the ``Revocations``.
final class Logins: Sendable {
  static let capacity = 16_384
  private let grants = Mutex<[String: PasswordGrant]>([:])

  func grant(of user: String) -> PasswordGrant? { grants.withLock { $0[user] } }

  func remember(_ grant: PasswordGrant) {
    grants.withLock { grants in
      if grants.count >= Logins.capacity { grants.removeAll() }
      grants[grant.user] = grant
    }
  }
}
