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
    let cost = lease.costOfGoingOn(at: now)?.count
    self.init(
      id: lease.id.description, kind: lease.terms.kind.rawValue, offer: lease.terms.offer, variant: lease.terms.variant,
      state: lease.state.name.rawValue, cause: lease.state.cause, resuming: lease.state.isResuming ? true : nil,
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
      renewalTerms: lease.announced.map { RenewalTermsDocument($0) },
      daysRemaining: lease.wholeDaysLeft(at: now),
      next: lease.timetable.map {
        NextAction(
          action: $0.action.rawValue, at: Timestamp($0.at), avoidMsat: $0.action.isAvoidedByPaying ? cost : nil)
      },
      limits: lease.limit(at: now).map {
        LimitsDocument(
          spendSatPerDay: $0.perDay.count / 1_000, spentMsat: $0.spent.count, resetsAt: Timestamp($0.resetsAt))
      },
      resources: ResourcesDocument(lease.terms.resources, kind: lease.terms.kind),
      image: record.request.image, disk: record.request.disk?.description, links: Self.links(of: lease, base))
    if !record.request.ports.isEmpty {
      ports = record.request.ports.map { PortDocument(port: $0.number, access: $0.access.rawValue) }
    }
  }

  private static func links(of lease: Lease, _ base: String) -> [String: String] {
    let here = "\(base)/v1/leases/\(lease.id)"
    var links = [
      "self": here, "renew": here + "/renewals", "credential": here + "/credential",
      "credentials": here + "/credentials", "usage": here + "/usage", "ledger": here + "/ledger",
      "explain": here + "/explain", "events": here + "/events", "lnurlp": base + HTTPAPI.topUpPath(of: lease.id),
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

extension ContainerDocument {
  init(_ state: CommandState) {
    switch state.command {
    case .running: self.init(state: "running")
    case .stopped: self.init(state: "stopped")
    case .ended(let code, let outOfMemory):
      self.init(state: "ended", exitCode: code, outOfMemory: outOfMemory ? true : nil)
    }
    guard state.restart != .never else { return }
    restart = state.restart.rawValue
    restarts = state.restarts
    restartsAt = state.restartsAt.map(Timestamp.init(_:))
  }
}

extension FailureDocument {
  init(_ failure: ProvisionFailure) {
    self.init(
      code: failure.fault.rawValue, detail: failure.fault.words + (failure.detail.map { ": \($0)" } ?? ""))
  }
}

extension RenewalTermsDocument {
  fileprivate init(_ announced: Announcement) {
    self.init(
      from: Timestamp(announced.from), priceMsat: announced.terms.isPriced ? announced.terms.price.count : nil,
      periodSeconds: announced.terms.period.count, price: announced.terms.fiat.map(PriceDocument.init(_:)))
  }
}

extension LeaseFlags {
  fileprivate init(_ flags: Lease.Flags) {
    self.init(
      frozen: flags.frozen != nil, protected: flags.protected, impaired: flags.impaired != nil,
      evictingUntil: flags.evictingUntil.map(Timestamp.init(_:)), frozenReason: flags.frozen?.reason,
      suspensionReason: flags.suspensionReason, evictionReason: flags.evictionReason)
  }
}
