import Engine
import Leasing
import Ledger
import Units
import Wire

extension LeaseDocument {
  /// A lease as it stands now: time is charged up to `now` for the eye, nothing is written.
  init(_ record: LeaseRecord, at now: Instant, base: String) {
    let lease = record.lease
    let account = lease.charged(to: now).account
    let period = lease.terms.period
    self.init(
      id: lease.id.description, kind: lease.terms.kind.rawValue, offer: lease.terms.offer, variant: lease.terms.variant,
      state: lease.state.name, cause: lease.state.cause, resuming: lease.state.isResuming ? true : nil,
      flags: LeaseFlags(lease.flags),
      version: lease.version, generation: lease.generation, createdAt: Timestamp(lease.createdAt),
      paidUntil: lease.paidUntil.map(Timestamp.init(_:)), balanceMsat: max(.zero, account.balance).count,
      debtMsat: account.debt.count, creditMsat: account.credit.count,
      rate: RateDocument(
        // A blended rate (DESIGN: a renewal at another price) is told for the offer's period, rounded up.
        priceMsat: (account.rate.price(ofMicroseconds: period.microseconds) ?? lease.terms.price).count,
        periodSeconds: period.count),
      price: lease.terms.fiat.map(PriceDocument.init(_:)),
      exchangeRate: lease.terms.fiat?.rate.map(ExchangeRateDocument.init(_:)),
      next: lease.next, resources: ResourcesDocument(lease.terms.resources, kind: lease.terms.kind),
      image: record.request.image, disk: record.request.disk?.description, links: Self.links(of: lease, base))
  }

  private static func links(of lease: Lease, _ base: String) -> [String: String] {
    let here = "\(base)/v1/leases/\(lease.id)"
    var links = [
      "self": here, "renew": here + "/renewals", "credential": here + "/credential",
      "credentials": here + "/credentials", "usage": here + "/usage", "ledger": here + "/ledger",
      "explain": here + "/explain", "events": here + "/events",
    ]
    switch lease.terms.kind {
    case .disk:
      links["dav"] = "\(base)/dav/\(lease.id)/"
    case .compute:
      for verb in ["exec", "logs", "start", "stop"] { links[verb] = "\(here)/\(verb)" }
    }
    return links
  }
}

extension LeaseFlags {
  fileprivate init(_ flags: Lease.Flags) {
    self.init(
      frozen: flags.frozen != nil, protected: flags.protected, impaired: flags.impaired != nil,
      evictingUntil: flags.evictingUntil.map(Timestamp.init(_:)))
  }
}

extension Lease {
  /// What happens of itself, soonest first: the lease's deadlines, and those that follow from them if nobody pays.
  var next: [NextAction] {
    // A sealed lease waits for the operator, one that is on its way out for its driver.
    guard flags.frozen == nil else { return [] }
    var next: [NextAction] = []
    func add(_ action: String, _ at: Instant) {
      if at < .distantFuture { next.append(NextAction(action: action, at: Timestamp(at))) }
    }
    switch state {
    case .quoted(_, _, canceling: false): add("quote_expires", createdAt + terms.policy.quote)
    case .provisioning(let deadline, _): add("provision_by", deadline)
    case .active:
      if let paidUntil {
        let suspended = paidUntil + (renewed ? terms.policy.grace : .zero)
        add("renew_by", paidUntil)
        add("suspend", suspended)
        if !flags.protected { add("reclaim", suspended + unpaidRetention) }
      }
    case .grace(let until):
      add("suspend", until)
      if !flags.protected { add("reclaim", until + unpaidRetention) }
    case .suspended(_, let retainedUntil, resuming: false):
      if !flags.protected { add("reclaim", retainedUntil) }
    case .quoted, .suspended, .reclaiming, .closed: break
    }
    if let until = flags.evictingUntil, !isClosed { add("evict", until) }
    return next.sorted { $0.at < $1.at }
  }

  /// Half of the retention in the first period.
  private var unpaidRetention: Seconds {
    renewed ? terms.policy.retention : max(terms.policy.retention / 2, 1)
  }
}

extension Lease.State {
  var cause: String? {
    switch self {
    case .suspended(let cause, _, _): cause.rawValue
    case .reclaiming(let cause, _, _, _): cause.rawValue
    case .closed(_, let cause): cause?.rawValue
    case .quoted, .provisioning, .active, .grace: nil
    }
  }

  var isResuming: Bool {
    switch self {
    case .suspended(_, _, let resuming): resuming
    case .quoted, .provisioning, .active, .grace, .reclaiming, .closed: false
    }
  }
}
