extension Lease.State {
  /// The state without what it holds (a discriminator): a word in routes, tables and logs.
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case quoted, provisioning, active, grace, suspended, reclaiming, closed
  }

  public var name: Name {
    switch self {
    case .quoted: .quoted
    case .provisioning: .provisioning
    case .active: .active
    case .grace: .grace
    case .suspended: .suspended
    case .reclaiming: .reclaiming
    case .closed: .closed
    }
  }

  /// Why it is so, in the word of ``Lease/SuspensionCause`` or ``Lease/ReclaimCause``.
  public var cause: String? {
    switch self {
    case .suspended(let cause, _, _): cause.rawValue
    case .reclaiming(let cause, _, _, _): cause.rawValue
    case .closed(_, let cause): cause?.rawValue
    case .quoted, .provisioning, .active, .grace: nil
    }
  }

  /// A thaw is under way.
  public var isResuming: Bool {
    switch self {
    case .suspended(_, _, let resuming): resuming
    case .quoted, .provisioning, .active, .grace, .reclaiming, .closed: false
    }
  }
}
