import Synchronization

/// Locks by name (a striped mutex): lets one upload at a time look at a name and replace it, so that `If-Match` and `If-None-Match: *` hold between
/// uploads of this daemon. (A tenant's own processes know no such rule.)
public enum Commit {
  private final class Stripe: Sendable {
    let mutex = Mutex(())
  }

  private static let stripes = (0..<64).map { _ in Stripe() }

  /// Runs `body` while nobody else of this daemon is in `body` for the same name. Blocks, for as long as `body` does.
  public static func alone<Result>(_ place: Place, _ body: () throws -> Result) throws -> Result {
    let folder = try place.folder.entry()
    var hasher = Hasher()
    hasher.combine(folder.device)
    hasher.combine(folder.inode)
    hasher.combine(place.name)
    let stripe = stripes[Int(UInt(bitPattern: hasher.finalize()) % UInt(stripes.count))]
    var result: Result?
    try stripe.mutex.withLock { _ in result = try body() }
    guard let result else { preconditionFailure("the body has returned") }
    return result
  }
}
