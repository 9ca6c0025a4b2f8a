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
        ("balance", lease.balanceMsat.map { Human.sats($0) }),
        ("debt", lease.debtMsat.flatMap { $0 > 0 ? Human.sats($0) : nil }),
        ("credit", lease.creditMsat.flatMap { $0 > 0 ? Human.sats($0) : nil }),
        (
          "limit",
          lease.limits.map {
            "\(Human.sats($0.spentMsat)) of \(Human.sats($0.spendSatPerDay * 1_000)) spent, until \(Human.moment($0.resetsAt, now))"
          }
        ),
        ("price", Human.price(lease.rate.priceMsat, per: lease.rate.periodSeconds)),
        ("variant", lease.variant),
        ("renewed at", lease.price.map { "\($0.amount) \($0.currency), at the rate of that moment" }),
        ("rate", lease.exchangeRate.map { Human.rate($0) }),
        (
          "new price",
          lease.renewalTerms.map {
            "\(Human.price($0.priceMsat, in: $0.price, per: $0.periodSeconds)) for renewals from \(Human.time($0.from)) on"
          }
        ),
        ("resources", Human.resources(lease.resources)),
        ("image", lease.image),
        ("disk", lease.disk),
        ("not made", lease.failure.map { "\($0.detail) (\($0.code))" }),
        ("container", lease.container.map { Human.container($0) }),
        ("sealed for", lease.flags.frozenReason),
        ("suspended for", lease.flags.suspensionReason),
        ("evicted at", lease.flags.evictingUntil.map { Human.moment($0, now) }),
        ("evicted for", lease.flags.evictionReason),
        ("created", Human.moment(lease.createdAt, now)),
      ]
        + lease.next.enumerated().map { index, next in
          (
            index == 0 ? "next" : "",
            "\(words(next.action)) \(Human.moment(next.at, now))"
              + (next.avoidMsat.map { ", unless \(Human.sats($0)) are paid" } ?? "")
          )
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
    case "resume": "back"
    default: action  // a newer server may say more
    }
  }

  /// What to say of a lease that loses something within a day; `nil`: nothing does.
  ///
  /// - Parameter id: how the lease is called.
  static func warning(_ lease: LeaseDocument, _ id: String, now: Instant) -> String? {
    let harmless = ["quote_expires", "provision_by", "resume"]
    guard let next = lease.next.first(where: { !harmless.contains($0.action) }), next.at.instant < now + .day else {
      return nil
    }
    return "\(id): \(next.action == "renew_by" ? "ends" : words(next.action)) \(Human.relative(next.at, to: now))"
      + (next.avoidMsat.map { "; 'leasehold renew \(id)' buys more time for \(Human.sats($0))" } ?? "")
  }

  /// What a renter may want to do now.
  ///
  /// - Parameter id: how the lease is called.
  static func steps(_ lease: LeaseDocument, _ id: String) -> String {
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

  /// - Parameter names: what leases are called here, by id.
  static func table(_ leases: [LeaseDocument], now: Instant, names: [String: String] = [:]) -> String {
    let isNamed = leases.contains { names[$0.id] != nil }
    var table = Table(
      (isNamed ? [("NAME", .left)] : []) + [
        ("LEASE", .left), ("OFFER", .left), ("STATE", .left), ("PAID UNTIL", .left), ("BALANCE", .right),
        ("PRICE", .right),
      ], leavingOut: ["BALANCE", "PRICE"], ids: ["LEASE"])
    for lease in leases {
      table.add(
        (isNamed ? [names[lease.id] ?? ""] : []) + [
          lease.id, lease.offer, Human.state(lease), lease.paidUntil.map { Human.relative($0, to: now) } ?? "-",
          lease.balanceMsat.map { Human.sats($0) } ?? "-",
          Human.price(lease.rate.priceMsat, per: lease.rate.periodSeconds),
        ])
    }
    return table.text
  }
}
