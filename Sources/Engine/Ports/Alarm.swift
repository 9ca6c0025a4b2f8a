import Units

/// Something that rings when the earliest deadline known has come. A ring means "look", never "do".
public protocol Alarm: Sendable {
  /// Ring no later than `moment`; an earlier setting stands. Cheap enough to call after every transaction.
  func set(noLaterThan moment: Instant)
}
