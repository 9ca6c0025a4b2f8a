import Units
import Wire

/// What a provider sees.
enum AdminView {
  static func overview(_ overview: OverviewDocument, now: Instant) -> String {
    let overdue = overview.overdue
    let rates: [(String, String?)] = (overview.exchangeRates ?? []).map { ("rate", rate($0)) }
    let facts: [(String, String?)] = [
      ("overdue leases", count(overdue.dueLeases, since: overdue.oldestDueLease, now)),
      ("outbox", count(overdue.outboxRows, since: overdue.oldestOutboxRow, now)),
      ("parked", "\(overdue.parked)"),
      ("settlements", settlements(overview)),
      (
        "follower",
        overview.settlements.followerFailingSince.map { "failing since \(Human.time($0))" }
      ),
      (
        "cursor",
        overview.settlements.cursorAheadAt.map { "ahead of the node at \(Human.time($0)): audit --with-node" }
      ),
      (
        "failed look-ups",
        overview.settlements.failedLookups == 0 ? nil : "\(overview.settlements.failedLookups)"
      ),
      ("payouts", payouts(overview)),
      ("notices", notices(overview)),
      ("node", overview.node + outage(overview)),
      ("listener", overview.listenerAlive ? "alive" : "silent"),
      ("clock", "\(overview.clockSkewMicroseconds) µs off the database's"),
      ("breaker", overview.breakerTrippedAt.map { "holds suspensions back since \(Human.time($0))" }),
      (
        "leases",
        overview.leases.isEmpty
          ? "none" : overview.leases.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      ),
    ]
    return Table.facts(facts + rates) + tables(overview)
  }

  /// What there is to be listed, one table after the other.
  private static func tables(_ overview: OverviewDocument) -> String {
    var text = ""
    if !overview.pools.isEmpty {
      var table = Table([("HOST", .left), ("POOL", .left), ("USED", .right), ("LIMIT", .right), ("", .right)])
      for pool in overview.pools {
        let isBytes = pool.dimension.contains("bytes") || ["disk", "memory"].contains(pool.dimension)
        table.add([
          pool.host, "\(pool.kind) \(pool.dimension)", isBytes ? Human.bytes(pool.used) : "\(pool.used)",
          isBytes ? Human.bytes(pool.limit) : "\(pool.limit)",
          pool.limit > 0 ? "\(Int(Double(pool.used) / Double(pool.limit) * 100))%" : "-",
        ])
      }
      text += "\n" + table.text
    }
    if !overview.parked.isEmpty {
      var table = Table("PARKED LEASE", "UNTIL", "REASON")
      for item in overview.parked { table.add([item.lease, Human.time(item.until), item.reason]) }
      text += "\n" + table.text
    }
    if !overview.unbooked.isEmpty {
      var table = Table("UNBOOKED PAYMENT", "LEASE", "AMOUNT", "SETTLED", "REASON")
      for item in overview.unbooked {
        table.add([
          item.paymentHash, item.lease ?? "-", Human.sats(item.msat), Human.time(item.settledAt), item.reason,
        ])
      }
      text += "\n" + table.text
    }
    if !overview.payouts.stuck.isEmpty {
      var table = Table(
        [
          ("STUCK PAYOUT", .left), ("LEASE", .left), ("AMOUNT", .right), ("ASKED", .left), ("ORDERED OF NODE", .left),
        ], leavingOut: ["ASKED"], ids: ["LEASE"])
      for item in overview.payouts.stuck {
        table.add([
          item.paymentHash, item.lease, Human.sats(item.msat), Human.time(item.askedAt), item.orderedOf ?? "-",
        ])
      }
      text += "\n" + table.text
    }
    return text
  }

  /// Credit on its way out, and what of it needs somebody to look.
  static func payouts(_ overview: OverviewDocument) -> String {
    let payouts = overview.payouts
    guard payouts.pending > 0 else { return "none pending" }
    let since = payouts.oldestAskedAt.map { ", the first since \(Human.time($0))" } ?? ""
    return "\(payouts.pending) pending over \(Human.sats(payouts.setAsideMsat))\(since), \(payouts.stuck.count) stuck"
  }

  /// When money was last taken in, and what of it is in between.
  static func settlements(_ overview: OverviewDocument) -> String {
    let settlements = overview.settlements
    let moved = settlements.cursorMovedAt.map { "last taken in \(Human.time($0))" } ?? "none taken in yet"
    let since = settlements.oldestUnbooked.map { " since \(Human.time($0))" } ?? ""
    return "\(moved), \(overview.overdue.unbooked) unbooked\(since), \(settlements.heldPayments) held"
  }

  /// How the rate of a currency stands.
  static func rate(_ item: ExchangeRateItem) -> String {
    var words = item.rate.map { Human.rate($0) } ?? "\(item.currency): none read yet"
    if let trouble = item.trouble, let since = item.troubleSince {
      words += "; \(trouble) since \(Human.time(since)), nothing is sold in it"
    }
    if let doubted = item.doubted { words += "; doubted: \(doubted.perBitcoin), says \(doubted.source)" }
    if let until = item.sparedUntil { words += "; nobody is suspended for it until \(Human.time(until))" }
    if let failure = item.lastFailure { words += "; the last reading failed: \(failure)" }
    return words
  }

  /// Behind the node's name: for how long it has been silent, and whether leases are spared for it.
  static func outage(_ overview: OverviewDocument) -> String {
    let since = overview.settlements.nodeFailingSince.map { ", down since \(Human.time($0))" }
    guard let until = overview.settlements.sparedUntil else { return since ?? (overview.nodeUp ? "" : ", down") }
    let spares = overview.at.instant < until.instant
    return (since ?? "") + (spares ? ", no lease is suspended for it until " : ", leases are suspended again since ")
      + Human.time(until)
  }

  private static func count(_ count: Int, since: Timestamp?, _ now: Instant) -> String {
    "\(count)" + (since.map { ", oldest due \(Human.relative($0, to: now))" } ?? "")
  }

  static func leases(_ items: [AdminLeaseItem], now: Instant) -> String {
    guard !items.isEmpty else { return "no leases\n" }
    var table = Table(
      [
        ("LEASE", .left), ("OFFER", .left), ("STATE", .left), ("HOST", .left), ("PAID UNTIL", .left),
        ("BALANCE", .right), ("WAKES", .left),
      ], leavingOut: ["HOST", "WAKES", "BALANCE"], ids: ["LEASE"])
    for item in items {
      table.add([
        item.lease.id, item.lease.offer, Human.state(item.lease), item.host ?? "-",
        item.lease.paidUntil.map { Human.relative($0, to: now) } ?? "-",
        item.lease.balanceMsat.map { Human.sats($0) } ?? "-",
        item.wakesAt.map { Human.relative($0, to: now) } ?? "-",
      ])
    }
    return table.text
  }

  static func variants(_ items: [VariantItem]) -> String {
    guard !items.isEmpty else { return "no offer is tried at several prices\n" }
    var table = Table([
      ("OFFER", .left), ("VARIANT", .left), ("SHARE", .right), ("QUOTED", .right), ("PAID", .right),
      ("RENEWED", .right), ("EARNED", .right),
    ])
    for item in items {
      table.add([
        item.offer, item.variant, item.share.map { "\($0)%" } ?? "-", "\(item.quoted)", "\(item.paid)",
        "\(item.renewed)", Human.sats(item.revenueMsat),
      ])
    }
    return table.text
  }

  static func lease(_ document: AdminLeaseDocument, now: Instant) -> String {
    var text =
      LeaseView.facts(document.lease, now: now)
      + Table.facts([
        ("host", document.host), ("uids from", document.uidBase.map { "\($0)" }),
        ("command", document.command.isEmpty ? nil : document.command.joined(separator: " ")),
        ("wakes", document.wakesAt.map { Human.moment($0, now) }), ("impaired", document.impairment),
      ])
    if !document.effects.isEmpty {
      var table = Table(
        [
          ("EFFECT", .left), ("KEY", .left), ("DUE", .left), ("TRIES", .right), ("LAST ERROR", .left),
        ], leavingOut: ["KEY"])
      for effect in document.effects {
        table.add([
          effect.effect, effect.key, Human.relative(effect.dueAt, to: now), "\(effect.attempts)",
          effect.lastError ?? "-",
        ])
      }
      text += "\n" + table.text
    }
    return text + (document.events.isEmpty ? "" : "\n" + HistoryView.table(document.events))
  }

  static func audit(_ audit: AuditDocument) -> String {
    var text = Table.facts(
      [("transfers", "\(audit.transfers)"), ("payments", "\(audit.payments)")]
        + (audit.provedBefore == 0 ? [] : [("proved before", "\(audit.provedBefore)")])
        + audit.totalsMsat.sorted { $0.key < $1.key }.map { ($0.key, Human.sats($0.value)) })
    text += audit.sound ? "the books add up\n" : audit.findings.map { "WRONG  \(Terminal.printable($0))\n" }.joined()
    return text
  }
}
