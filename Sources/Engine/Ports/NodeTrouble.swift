import Units

/// How a node answers, as a daemon found: kept, so that its successor knows of an outage and a doctor can read of it.
public struct NodeTrouble: Hashable, Sendable {
  /// Since when it does not answer, or did not the last time; `nil`: it always did.
  public var troubleSince: Instant?
  /// When it answered again; `nil`: it has not.
  public var backAt: Instant?
  /// When the operator said that leases are not to be spared for it.
  public var releasedAt: Instant?
  /// Since when its settlements cannot be followed; `nil`: they are.
  public var followerFailingSince: Instant?
  /// When it was found to know less of its settlements than was taken in; `nil`: never, or the books were compared since.
  public var cursorAheadAt: Instant?

  public init(
    troubleSince: Instant? = nil, backAt: Instant? = nil, releasedAt: Instant? = nil,
    followerFailingSince: Instant? = nil, cursorAheadAt: Instant? = nil
  ) {
    self.cursorAheadAt = cursorAheadAt
    self.troubleSince = troubleSince
    self.backAt = backAt
    self.releasedAt = releasedAt
    self.followerFailingSince = followerFailingSince
  }

  /// Whether something is wrong now.
  public var isInTrouble: Bool { troubleSince != nil && backAt == nil || followerFailingSince != nil }
}
