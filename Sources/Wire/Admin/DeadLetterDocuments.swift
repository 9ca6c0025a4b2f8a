import Units

/// What a renter was to be told and was not.
public struct DeadLetterItem: Hashable, Sendable, SnakeCased {
  public var id: Int64
  public var lease: String
  /// `webhook`, `email` or `nostr`.
  public var channel: String
  /// Of the notice; absent: the question whether the contact may be used.
  public var kind: String?
  public var announcedAt: Timestamp
  public var deadline: Timestamp
  public var attempts: Int
  /// What went wrong last.
  public var error: String?
  /// When it was given up.
  @Nullable public var deadAt: Timestamp?

  public init(
    id: Int64, lease: String, channel: String, kind: String? = nil, announcedAt: Timestamp, deadline: Timestamp,
    attempts: Int, error: String? = nil, deadAt: Timestamp? = nil
  ) {
    self.id = id
    self.lease = lease
    self.channel = channel
    self.kind = kind
    self.announcedAt = announcedAt
    self.deadline = deadline
    self.attempts = attempts
    self.error = error
    self.deadAt = deadAt
  }
}

/// `POST /admin/v1/notices/retry`: one, those of a lease, or all.
public struct RetryNoticesRequest: Hashable, Sendable, Codable {
  public var id: Int64?
  public var lease: String?
  /// Kept.
  public var reason: String

  public init(id: Int64? = nil, lease: String? = nil, reason: String) {
    self.id = id
    self.lease = lease
    self.reason = reason
  }
}

/// How many are sent again.
public struct RetriedDocument: Hashable, Sendable, Codable {
  public var retried: Int

  public init(retried: Int) { self.retried = retried }
}

/// Messages on their way to renters.
public struct NoticesDocument: Hashable, Sendable, SnakeCased {
  public var waiting: Int
  @Nullable public var oldestWaiting: Timestamp?
  /// Those that never arrived, of a month.
  public var dead: Int

  public init(waiting: Int, oldestWaiting: Timestamp? = nil, dead: Int) {
    self.waiting = waiting
    self.oldestWaiting = oldestWaiting
    self.dead = dead
  }
}
