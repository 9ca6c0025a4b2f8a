import Ledger
import Units

/// Reminders are part of the state: each has a moment that follows from the lease, and a mark once it was sent. A
/// daemon that wakes late sends the most urgent one and marks the others, so that nobody is told three times at once.
extension Lease {
  struct Reminder: Hashable {
    var kind: Notice.Kind
    var at: Instant
    /// When what it warns of happens.
    var deadline: Instant
    /// Whether a payment prevents it.
    var payable = true
  }

  /// In order of time. Empty where no reminder is due in this state.
  var reminders: [Reminder] {
    let policy = terms.policy
    switch state {
    case .active:
      guard let end = paidUntil else { return [] }
      let lead = policy.lead
      return [
        Reminder(kind: .renewal, at: end - lead + smear(within: lead), deadline: end),
        Reminder(kind: .renewalHalf, at: end - lead / 2, deadline: end),
        Reminder(kind: .renewalTenth, at: end - lead / 10, deadline: end),
      ]
    case .grace(let until):
      return [Reminder(kind: .suspension, at: until - policy.grace / 4, deadline: until)]
    case .suspended(.limit, _, _):
      return []
    case .suspended(let cause, let retainedUntil, resuming: false):
      guard !flags.protected else { return [] }
      return [
        Reminder(
          kind: .reclaim, at: retainedUntil - retention(for: cause) / 4, deadline: retainedUntil,
          payable: cause == .unpaid)
      ]
    case .quoted, .provisioning, .suspended, .reclaiming, .closed:
      return []
    }
  }

  /// Spreads the first notices of many leases that end together over a tenth of the lead.
  private func smear(within lead: Seconds) -> Seconds {
    let tenth = lead.count / 10
    return tenth > 0 ? Seconds(Int64(id.low % UInt64(tenth))) : .zero
  }

  var nextReminder: Instant? {
    reminders.first { !reminded.contains(Reminders($0.kind)) }?.at
  }

  /// The latest reminder that is due, and the marks that sending it sets.
  func dueReminder(at now: Instant) -> (reminder: Reminder, covers: Reminders)? {
    var covers: Reminders = []
    var latest: Reminder?
    for reminder in reminders where reminder.at <= now && !reminded.contains(Reminders(reminder.kind)) {
      covers.insert(Reminders(reminder.kind))
      latest = reminder
    }
    return latest.map { ($0, covers) }
  }

  /// Whether what a notice warns of is still to come: whoever paid since it was announced is not told any more that his
  /// time runs out. What was paid clears the marks of reminders.
  public func stillHolds(_ notice: Notice) -> Bool {
    switch notice.kind {
    case .renewal, .renewalHalf, .renewalTenth:
      guard case .active = state else { return true }
      return reminded.contains(Reminders(notice.kind))
    case .expired, .suspension:
      if case .active = state { return false }
      return true
    case .reclaim:
      switch state {
      case .active, .grace: return false
      case .quoted, .provisioning, .suspended, .reclaiming, .closed: return true
      }
    case .eviction:
      return flags.evictingUntil != nil
    case .place:
      if case .quoted(_, _, canceling: false) = state { return true }
      return false
    case .idle, .terms, .compensation, .pull, .limitNear, .limitReached:
      return true
    }
  }
}
