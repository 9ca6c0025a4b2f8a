import Units

/// Other terms for the renewals of a lease, of which the renter was told, and from when they count. What was bought
/// before keeps its price.
public struct Announcement: Hashable, Sendable, Codable {
  public var terms: Terms
  /// A renewal that is quoted from then on is quoted at ``terms``.
  public var from: Instant

  public init(terms: Terms, from: Instant) {
    self.terms = terms
    self.from = from
  }
}

extension Lease {
  /// The terms that a renewal is quoted at. Those of an announcement may be priced in a currency and await a rate.
  public func renewalTerms(at now: Instant) -> Terms {
    guard let announced, now >= announced.from else { return terms }
    var terms = announced.terms
    terms.soldAs = self.terms.soldAs
    return terms
  }
}

extension Terms {
  /// Whether a lease may be told of these for its renewals: what is rented stays what it is, and how it is paid for.
  public func mayFollow(_ old: Terms) -> Bool {
    kind == old.kind && offer == old.offer && tier == old.tier && resources == old.resources
      && isPurelyMetered == old.isPurelyMetered
  }

  private var isPurelyMetered: Bool { fiat.map { $0.price == .zero } ?? (price == .zero) }

  /// Whether they ask the same. At which rate a price in a currency was last reckoned is no part of it.
  public func asksTheSame(as other: Terms) -> Bool { asked == other.asked }

  private var asked: Terms {
    var terms = self
    terms.soldAs = nil
    guard fiat != nil else { return terms }
    terms.fiat?.rate = nil
    terms.price = .zero
    terms.deposit = .zero
    for index in terms.meters.indices where terms.meters[index].fiat != nil { terms.meters[index].price = .zero }
    return terms
  }
}

extension Step {
  /// Once is enough: whoever says the same again changes nothing. To announce what the lease has anyhow takes an earlier
  /// announcement back.
  mutating func announced(_ announcement: Announcement) {
    guard announcement.terms.mayFollow(lease.terms) else { return }
    let isBack = announcement.terms.asksTheSame(as: lease.terms)
    if isBack, lease.announced == nil { return }
    if let known = lease.announced, known.terms.asksTheSame(as: announcement.terms) { return }
    switch lease.state {
    case .active, .grace, .suspended:
      lease.announced = isBack ? nil : announcement
      tell(announcement)
    // Nobody has it yet. Whoever gets it is told as service begins: ``tellOfAnnouncement()``.
    case .quoted, .provisioning:
      lease.announced = isBack ? nil : announcement
    case .reclaiming, .closed:
      break
    }
  }

  /// Service begins: what was announced while it was quoted or made is told now, and counts one lead from now.
  mutating func tellOfAnnouncement() {
    guard var announcement = lease.announced else { return }
    let lead = max(lease.terms.policy.lead, announcement.terms.policy.lead)
    announcement.from = max(announcement.from, now + lead)
    lease.announced = announcement
    tell(announcement)
  }

  private mutating func tell(_ announcement: Announcement) {
    let price = announcement.terms.isPriced ? announcement.terms.invoiceAmount(periods: 1) : nil
    effects.append(.notice(Notice(kind: .terms, deadline: announcement.from, amount: price)))
  }
}
