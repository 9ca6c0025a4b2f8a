import Units

/// The time of day. Read once per command, after the row lock is held, and handed down from there, into SQL too.
public protocol WallClock: Sendable {
  func now() -> Instant
}
