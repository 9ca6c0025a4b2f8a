/// How far the node's settlements are taken in, and what its silence means: in `GET /admin/v1/overview`.
public struct SettlementsDocument: Hashable, Sendable, SnakeCased {
  /// When the last settlement was taken in; `null`: none ever was.
  @Nullable public var cursorMovedAt: Timestamp?
  /// When the first of the unbooked was found.
  @Nullable public var oldestUnbooked: Timestamp?
  /// Since when the daemon cannot follow settlements; `null`: it can.
  @Nullable public var followerFailingSince: Timestamp?
  /// When the node was found to know less of its settlements than was taken in; absent: never, or the books were compared
  /// with it since.
  public var cursorAheadAt: Timestamp?
  /// Look-ups of single invoices that sweeps went past, since the daemon started.
  public var failedLookups: Int
  /// Payments that have arrived and are neither taken nor sent back.
  public var heldPayments: Int
  /// Since when the node does not answer; `null`: it does.
  @Nullable public var nodeFailingSince: Timestamp?
  /// Until when nobody is suspended because of the node; past while it is away for longer than that.
  @Nullable public var sparedUntil: Timestamp?

  public init(
    cursorMovedAt: Timestamp? = nil, oldestUnbooked: Timestamp? = nil, followerFailingSince: Timestamp? = nil,
    cursorAheadAt: Timestamp? = nil, failedLookups: Int, heldPayments: Int, nodeFailingSince: Timestamp? = nil,
    sparedUntil: Timestamp? = nil
  ) {
    self.cursorMovedAt = cursorMovedAt
    self.oldestUnbooked = oldestUnbooked
    self.followerFailingSince = followerFailingSince
    self.cursorAheadAt = cursorAheadAt
    self.failedLookups = failedLookups
    self.heldPayments = heldPayments
    self.nodeFailingSince = nodeFailingSince
    self.sparedUntil = sparedUntil
  }
}
