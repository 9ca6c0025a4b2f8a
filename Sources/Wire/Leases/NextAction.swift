import Units

/// Something that happens of itself: what, when, and what it costs to prevent it.
public struct NextAction: Hashable, Sendable, SnakeCased {
  /// `quote_expires provision_by renew_by suspend reclaim evict resume`.
  public var action: String
  public var at: Timestamp
  /// What a payment made now has to be to prevent it: one period and the debt. Absent: none prevents it, its amount is
  /// not known now, or it is not the reader's business.
  public var avoidMsat: Int64?
  /// The same in a sentence. An older server leaves it out.
  public var text: String?

  public init(action: String, at: Timestamp, avoidMsat: Int64? = nil) {
    self.action = action
    self.at = at
    self.avoidMsat = avoidMsat
    text = Self.sentence(action, at, avoidMsat)
  }

  private static func sentence(_ action: String, _ at: Timestamp, _ avoidMsat: Int64?) -> String? {
    // A sentence is for people: to the second, never later than it is.
    let moment = Timestamp(Instant(unixSeconds: at.instant.unixSeconds))
    let words: String
    switch action {
    case "quote_expires": words = "The quote can be paid until \(moment)"
    case "provision_by": words = "What was paid for is ready by \(moment), or the money goes back"
    case "renew_by": words = "The paid time ends at \(moment)"
    case "suspend": words = "The service stops at \(moment)"
    case "reclaim": words = "The data is destroyed at \(moment)"
    case "resume": words = "A day of the limit is over, and the lease comes back, at \(moment)"
    case "evict": words = "The provider ends the lease at \(moment)"
    default: return nil
    }
    guard let avoidMsat, avoidMsat > 0 else { return words + "." }
    return words + " unless \((avoidMsat - 1) / 1_000 + 1) sat are paid before."
  }
}
