import Leasing
import Ledger
import Units

extension EventRecord {
  /// What is said of a step: one row for the event itself, one for each notice. Nothing is said of a step that changed
  /// nothing.
  static func telling(
    _ event: Event, from before: Lease, to after: Lease, effects: [Effect], id: EventID, cause: Cause,
    evidence: [String: String], at now: Instant
  ) -> [EventRecord] {
    guard after.version != before.version else { return [] }
    var evidence = evidence
    evidence.merge(event.evidence) { given, _ in given }
    if case .woke = event, let forfeit = after.forfeit(since: before) {
      evidence.merge(forfeit.evidence) { given, _ in given }
    }
    var records = [
      EventRecord(
        id: id.description, lease: after.id, version: after.version, at: now, name: .event(event.name),
        feedName: feedName(event, from: before.state, to: after.state), from: before.state.name,
        to: after.state.name, cause: cause, evidence: evidence)
    ]
    // A held payment was taken: the same moment begins the service.
    if case .settled = event, case .provisioning = before.state, case .active = after.state {
      records.append(
        EventRecord(
          id: "\(id)/provisioned", lease: after.id, version: after.version, at: now, name: .event(.provisioned),
          feedName: .provisioned, from: after.state.name, to: after.state.name, cause: cause))
    }
    for case .notice(let notice) in effects {
      var said = [
        "kind": notice.kind.rawValue,
        "deadline": notice.deadline.rfc3339,
        "consequence": notice.consequence,
      ]
      said["reason"] = notice.reason
      said["amount_msat"] = notice.amount.map { String($0.count) }
      records.append(
        EventRecord(
          id: "\(id)/notice/\(notice.kind.rawValue)", lease: after.id, version: after.version, at: now, name: .notice,
          feedName: .notice, from: after.state.name, to: after.state.name, cause: cause, evidence: said))
    }
    return records
  }

  private static func feedName(_ event: Event, from: Lease.State, to: Lease.State) -> FeedName? {
    switch event {
    case .settled, .creditReceived:
      return .paid
    case .accepted, .holdCanceled, .quoteCanceled, .provisioned, .provisionFailed, .suspended, .resumed, .resumeFailed,
      .resized, .resizeRefused, .metersClosed, .invoicesCanceled, .destroyed, .usageRated, .woke, .payoutAsked,
      .payoutPaid, .payoutFailed, .creditGiven, .released, .changed, .foundIdle, .requested, .outage, .impaired,
      .recovered, .operatorSuspended, .operatorResumed, .frozen, .thawed, .protected, .evicting, .announced,
      .limited, .compensated, .walletSet, .pullFailed:
      return from.name == to.name ? nil : feedName(entering: to, from: from.name)
    }
  }

  private static func feedName(entering state: Lease.State, from: Lease.State.Name) -> FeedName? {
    switch state {
    case .active:
      switch from {
      case .provisioning: .provisioned
      case .suspended: .resumed
      case .quoted, .active, .grace, .reclaiming, .closed: nil
      }
    case .suspended: .suspended
    case .reclaiming(let cause, _, _, _):
      switch cause {
      case .provisioning, .payment, .impairment: .failed
      case .retention, .idle, .eviction: .reclaimed
      // The renter's own wish.
      case .release: nil
      }
    case .closed: .closed
    case .quoted, .provisioning, .grace: nil
    }
  }
}

extension Lease.Forfeit {
  /// What a step that time took against the renter stands on.
  fileprivate var evidence: [String: String] {
    switch self {
    case .service(let ranOutAt, let unpaid, let graceUntil):
      var facts: [String: String] = [:]
      facts["ran_out_at"] = ranOutAt?.rfc3339
      facts["unpaid_msat"] = unpaid.map { String($0.count) }
      facts["grace_until"] = graceUntil?.rfc3339
      return facts
    case .data(let keptUntil):
      return ["kept_until": keptUntil.rfc3339]
    }
  }
}

extension Notice {
  /// What happens at the deadline, in the words of the feed.
  public var consequence: String {
    switch kind {
    case .renewal, .renewalHalf, .renewalTenth: "time runs out"
    case .expired, .suspension: "service is suspended"
    case .reclaim: "the data is destroyed"
    case .eviction: "the lease ends"
    case .idle: "the lease is not being used"
    case .terms: "a renewal is quoted at other terms"
    case .compensation: "what an outage took was given back"
    case .pull: "time runs out, for the wallet did not pay,"
    case .place: "the place that is held for you is the next one's"
    case .limitNear: "most of today's limit is spent; it begins anew"
    case .limitReached: "today's limit is spent, the lease is suspended; it comes back"
    }
  }
}

extension LockedPrice {
  /// What an amount was reckoned from, for `explain`.
  var evidence: [String: String] {
    [
      "price": "\(price) \(rate.currency.rawValue)", "per_bitcoin": "\(rate.perBitcoin) \(rate.currency.rawValue)",
      "rate_source": rate.source, "rate_read_at": rate.readAt.rfc3339,
    ]
  }
}

extension Event {
  /// The facts an event carries, for `explain`. Never a preimage.
  var evidence: [String: String] {
    switch self {
    case .settled(let settlement):
      ["payment_hash": settlement.paymentHash, "msat": String(settlement.amount.count)]
    case .accepted(let acceptance):
      [
        "payment_hash": acceptance.paymentHash, "msat": String(acceptance.received.count),
        "decide_by": acceptance.decideBy?.rfc3339 ?? "not said",
        "obstacle": acceptance.obstacle ?? "none",
      ]
    case .holdCanceled(let hash, let reason): ["payment_hash": hash, "reason": reason]
    case .payoutAsked(let payout):
      ["payment_hash": payout.paymentHash, "msat": String(payout.amount.count)]
    case .payoutPaid(let payout, let fee):
      ["payment_hash": payout.paymentHash, "msat": String(payout.amount.count), "fee_msat": String(fee.count)]
    case .creditGiven(let move):
      ["move": move.id, "msat": String(move.amount.count), "to": move.to.description]
    case .creditReceived(let move):
      ["move": move.id, "msat": String(move.amount.count), "from": move.from.description]
    case .payoutFailed(let payout, let reason):
      ["payment_hash": payout.paymentHash, "msat": String(payout.amount.count), "reason": reason]
    case .provisioned(let generation), .suspended(let generation), .resumed(let generation), .resized(let generation):
      ["generation": String(generation)]
    case .provisionFailed(let generation, let reason), .resumeFailed(let generation, let reason),
      .resizeRefused(let generation, let reason):
      ["generation": String(generation), "reason": reason]
    case .destroyed(let generation, let receipt):
      ["generation": String(generation), "receipt": receipt]
    case .metersClosed(let generation, let unrated):
      ["generation": String(generation), "unrated_msat": String(unrated.count)]
    case .usageRated(let amount): ["msat": String(amount.count)]
    case .changed(let terms): ["offer": terms.offer].merging(terms.variant.map { ["variant": $0] } ?? [:]) { $1 }
    case .outage(let from, let to, let passed):
      ["from": from.rfc3339, "to": to.rfc3339].merging(passed ? [:] : ["clock": "leapt"]) { given, _ in given }
    case .impaired(let reason): ["reason": reason]
    case .walletSet(let isSet): ["wallet": isSet ? "set" : "none"]
    case .pullFailed(let reason): ["reason": reason]
    case .protected(let on): ["protected": String(on)]
    case .evicting(let until, let reason):
      ["until": until?.rfc3339 ?? "never"].merging(reason.map { ["reason": $0] } ?? [:]) { $1 }
    case .announced(let announcement):
      ["from": announcement.from.rfc3339, "price_msat": String(announcement.terms.price.count)]
        .merging(announcement.terms.fiat.map { ["price": "\($0.price) \($0.currency.rawValue)"] } ?? [:]) { $1 }
    case .limited(let perDay): ["msat_per_day": perDay.map { String($0.count) } ?? "none"]
    case .compensated(let compensation):
      [
        "outage": compensation.label, "from": compensation.from.rfc3339, "to": compensation.to.rfc3339,
        "lost_seconds": String(compensation.lost / 1_000_000), "reason": compensation.reason,
      ]
    case .operatorSuspended(let reason), .frozen(let reason): reason.map { ["reason": $0] } ?? [:]
    case .quoteCanceled, .invoicesCanceled, .woke, .released, .foundIdle, .requested, .recovered, .operatorResumed,
      .thawed:
      [:]
    }
  }
}
