import Synchronization
import Units

/// Whether the node makes invoices that carry the hash of a description: not every one does, nor behind every server. It
/// is found out by asking for one, and asked again after a while.
final class NodeHashing: Sendable {
  static let believedFor: Seconds = .minute * 10

  static let refusal = Refusal.unavailable(
    retryAfter: Int(believedFor.count),
    "this provider's node makes no invoices for wallets that scan; the lease is renewed another way")

  private let failedAt = Mutex<Instant?>(nil)

  func failed(at now: Instant) { failedAt.withLock { $0 = now } }

  /// - Throws: ``refusal`` while it is known that the node does not.
  func ask(at now: Instant) throws(Refusal) {
    guard let failed = failedAt.withLock({ $0 }), failed <= now, now < failed + Self.believedFor else { return }
    throw Self.refusal
  }
}
