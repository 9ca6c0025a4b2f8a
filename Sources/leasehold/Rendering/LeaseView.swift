import Units
import Wire

/// A lease for people.
enum LeaseView {
  static func facts(_ lease: LeaseDocument, now: Instant) -> String {
    Table.facts(
      [
        ("lease", lease.id),
        ("offer", "\(lease.offer) (\(lease.kind))"),
        ("state", Human.state(lease)),
        ("paid until", lease.paidUntil.map { Human.moment($0, now) }),
        ("balance", Human.sats(lease.balanceMsat)),
        ("debt", lease.debtMsat > 0 ? Human.sats(lease.debtMsat) : nil),
        ("credit", lease.creditMsat > 0 ? Human.sats(lease.creditMsat) : nil),
        ("price", Human.price(lease.rate.priceMsat, per: lease.rate.periodSeconds)),
        ("variant", lease.variant),
        ("renewed at", lease.price.map { "\($0.amount) \($0.currency), at the rate of that moment" }),
        ("rate", lease.exchangeRate.map { Human.rate($0) }),
        ("resources", Human.resources(lease.resources)),
        ("image", lease.image),
        ("disk", lease.disk),
        ("evicted at", lease.flags.evictingUntil.map { Human.moment($0, now) }),
        ("created", Human.moment(lease.createdAt, now)),
      ]
        + lease.next.enumerated().map { index, next in
          (index == 0 ? "next" : "", "\(words(next.action)) \(Human.moment(next.at, now))")
        })
  }

  private static func words(_ action: String) -> String {
    switch action {
    case "quote_expires": "quote expires"
    case "provision_by": "made by"
    case "renew_by": "renew by"
    case "suspend": "suspended"
    case "reclaim": "reclaimed"
    case "evict": "evicted"
    default: action  // a newer server may say more
    }
  }

  /// What a renter may want to do now.
  static func steps(_ lease: LeaseDocument) -> String {
    let id = lease.id
    let steps: [(String, String)] =
      switch lease.kind {
      case "compute":
        [
          ("leasehold exec \(id) -- COMMAND…", "run a command"), ("leasehold logs \(id) --follow", "see its output"),
          ("leasehold renew \(id)", "buy more time"),
        ]
      default:
        [
          ("leasehold put FILE \(id):/", "upload"), ("leasehold ls \(id):/", "look"),
          ("leasehold renew \(id)", "buy more time"),
        ]
      }
    let width = steps.map(\.0.count).max() ?? 0
    return "\nnext:\n"
      + steps.map { "  " + $0 + String(repeating: " ", count: width - $0.count) + "  # \($1)\n" }.joined()
  }

  static func table(_ leases: [LeaseDocument], now: Instant) -> String {
    var table = Table([
      ("LEASE", .left), ("OFFER", .left), ("STATE", .left), ("PAID UNTIL", .left), ("BALANCE", .right),
      ("PRICE", .right),
    ])
    for lease in leases {
      table.add([
        lease.id, lease.offer, Human.state(lease), lease.paidUntil.map { Human.relative($0, to: now) } ?? "-",
        Human.sats(lease.balanceMsat), Human.price(lease.rate.priceMsat, per: lease.rate.periodSeconds),
      ])
    }
    return table.text
  }
}
