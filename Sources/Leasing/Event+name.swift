extension Event {
  /// Its name in `explain`, in logs and in the event table (a discriminator).
  public enum Name: String, Hashable, Sendable, CaseIterable {
    case settled
    case accepted
    case holdCanceled = "hold_canceled"
    case quoteCanceled = "quote_canceled"
    case provisioned
    case provisionFailed = "provision_failed"
    case suspended
    case resumed
    case resumeFailed = "resume_failed"
    case resized
    case resizeRefused = "resize_refused"
    case metersClosed = "meters_closed"
    case invoicesCanceled = "invoices_canceled"
    case destroyed
    case usageRated = "usage_rated"
    case woke
    case payoutAsked = "payout_asked"
    case payoutPaid = "payout_paid"
    case payoutFailed = "payout_failed"
    case creditGiven = "credit_given"
    case creditReceived = "credit_received"
    case released
    case changed
    case foundIdle = "found_idle"
    case requested
    case outage
    case impaired
    case recovered
    case operatorSuspended = "operator_suspended"
    case operatorResumed = "operator_resumed"
    case frozen
    case thawed
    case protected
    case evicting
    case walletSet = "wallet_set"
    case pullFailed = "pull_failed"
    case announced
    case limited
    case compensated
  }

  public var name: Name {
    switch self {
    case .settled: .settled
    case .accepted: .accepted
    case .holdCanceled: .holdCanceled
    case .quoteCanceled: .quoteCanceled
    case .provisioned: .provisioned
    case .provisionFailed: .provisionFailed
    case .suspended: .suspended
    case .resumed: .resumed
    case .resumeFailed: .resumeFailed
    case .resized: .resized
    case .resizeRefused: .resizeRefused
    case .metersClosed: .metersClosed
    case .invoicesCanceled: .invoicesCanceled
    case .destroyed: .destroyed
    case .usageRated: .usageRated
    case .woke: .woke
    case .payoutAsked: .payoutAsked
    case .payoutPaid: .payoutPaid
    case .payoutFailed: .payoutFailed
    case .creditGiven: .creditGiven
    case .creditReceived: .creditReceived
    case .released: .released
    case .changed: .changed
    case .foundIdle: .foundIdle
    case .requested: .requested
    case .outage: .outage
    case .impaired: .impaired
    case .recovered: .recovered
    case .operatorSuspended: .operatorSuspended
    case .operatorResumed: .operatorResumed
    case .frozen: .frozen
    case .thawed: .thawed
    case .protected: .protected
    case .evicting: .evicting
    case .walletSet: .walletSet
    case .pullFailed: .pullFailed
    case .announced: .announced
    case .limited: .limited
    case .compensated: .compensated
    }
  }
}
