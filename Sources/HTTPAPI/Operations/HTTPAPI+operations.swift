import Engine
import HTTPTypes
import Hummingbird
import Metrics
import Units
import Wire

extension HTTPAPI {
  var operationsEndpoints: [Endpoint] {
    [
      // Alive is all it says: a daemon whose database is away should not be killed for it.
      Endpoint(.get, "/healthz") { _ in .json(HealthDocument(status: "ok")) },
      Endpoint(.get, "/readyz") { _ in await readiness() },
      Endpoint(.get, "/metrics") { exchange in
        try refuseStrangers(exchange)
        return await metricsText()
      },
      Endpoint(.get, "/openapi.json") { _ in
        .text(
          OpenAPI.text(version: configuration.version, title: configuration.title), "application/json",
          headers: [.cacheControl: "public, max-age=300", .accessControlAllowOrigin: "*"])
      },
    ] + discoveryEndpoints
  }

  /// `503` while a request for a lease could not be answered.
  private func readiness() async -> Response {
    let (document, isReady) = readinessDocument(of: await engine.readiness.ask())
    return .json(document, isReady ? .ok : .serviceUnavailable)
  }

  /// What `/readyz` says of it.
  func readinessDocument(of readiness: Readiness) -> (document: HealthDocument, isReady: Bool) {
    let isReady = readiness.database && readiness.node
    let checks = [
      "database": readiness.database ? "ok" : "unreachable",
      "node": readiness.node ? "ok" : engine.doubts.node.outage.map(Self.words(for:)) ?? "unreachable",
    ]
    return (HealthDocument(status: isReady ? "ok" : "unready", checks: checks), isReady)
  }

  /// What a node's silence means for who has leases.
  private static func words(for outage: NodeOutage) -> String {
    "unreachable since \(Timestamp(outage.since)); "
      + (outage.spares
        ? "no lease is suspended for it until \(Timestamp(outage.sparesUntil))"
        : "leases are suspended again since \(Timestamp(outage.sparesUntil))")
  }

  /// Overdue work first: it is what somebody should be woken for. Then capacity, and then the doors' own counters.
  func metricsText() async -> Response {
    var text = PrometheusText()
    do {
      text.overview(try await engine.operator.overview())
      text.variants(try await engine.operator.variants.recentFigures())
      text.pulls(engine.selling.pullTally)
      text.failedPurchases(engine.operator.failedPurchases.byOffer)
      text.deliveries(engine.work.deliveries.tally.all)
    } catch {
      // The doors' counters are worth having while the database is away.
      text.gauge("leasehold_database_up", "Whether the books could be read.", 0)
    }
    return .text(text.text + configuration.metrics.text(), PrometheusText.contentType)
  }
}

extension PrometheusText {
  fileprivate mutating func overview(_ overview: Overview) {
    let overdue = overview.overdue
    let lease = overdue.oldestDueLease.map { Double(overview.at.microseconds(since: $0)) / 1_000_000 }
    let row = overdue.oldestOutboxRow.map { Double(overview.at.microseconds(since: $0)) / 1_000_000 }
    gauge(
      "leasehold_due_leases", "Leases whose deadline has passed and that were not looked at.", Double(overdue.dueLeases)
    )
    gauge("leasehold_oldest_due_lease_seconds", "How long the first of them has waited.", max(0, lease ?? 0))
    gauge("leasehold_outbox_rows", "Effects that are due.", Double(overdue.outboxRows))
    gauge("leasehold_oldest_outbox_row_seconds", "How long the first of them has waited.", max(0, row ?? 0))
    gauge(
      "leasehold_failing_effects", "Effects on resources that have failed eight times or more.",
      Double(overdue.failing))
    gauge(
      "leasehold_slow_effects", "Effects that have been under way for over a minute.", Double(overdue.slowEffects))
    gauge("leasehold_unbooked_settlements", "Money of ours that could not be booked.", Double(overdue.unbooked))
    settlements(overview)
    payouts(overview)
    exchangeRates(overview)
    let deliveries = overview.deliveries
    let message = deliveries.oldestWaiting.map { Double(overview.at.microseconds(since: $0)) / 1_000_000 }
    gauge("leasehold_deliveries_waiting", "Messages on their way to renters.", Double(deliveries.waiting))
    gauge("leasehold_oldest_delivery_seconds", "How long the first that is due has waited.", max(0, message ?? 0))
    gauge("leasehold_dead_letters", "Messages to renters that never arrived, of a month.", Double(deliveries.dead))
    gauge("leasehold_parked_leases", "Leases whose step keeps failing.", Double(overdue.parked))
    gauge("leasehold_breaker_tripped", "Whether suspensions are held back.", overview.breakerTrippedAt == nil ? 0 : 1)
    gauge("leasehold_node_up", "Whether the Lightning node answered last.", overview.nodeIsUp ? 1 : 0)
    gauge("leasehold_listener_up", "Whether other daemons' commits are heard.", overview.listenerIsAlive ? 1 : 0)
    gauge("leasehold_database_up", "Whether the books could be read.", 1)
    gauge(
      "leasehold_clock_skew_seconds", "Our clock less the database's.",
      Double(overview.clockSkewMicroseconds) / 1_000_000)
    gauges(
      "leasehold_leases", "Leases by state.",
      overview.census.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }.map {
        ([("state", $0.0)], Double($0.1))
      })
    let pools = overview.pools.map { pool in
      (
        dimensions: [("host", pool.host), ("kind", pool.kind.rawValue), ("dimension", pool.dimension.rawValue)],
        used: Double(pool.used), limit: Double(pool.limit)
      )
    }
    gauges("leasehold_pool_used", "Capacity taken.", pools.map { ($0.dimensions, $0.used) })
    gauges("leasehold_pool_limit", "Capacity there is.", pools.map { ($0.dimensions, $0.limit) })
  }

  /// Credit on its way out.
  private mutating func payouts(_ overview: Overview) {
    let payouts = overview.payouts
    let age = payouts.oldest.first.map { Double(overview.at.microseconds(since: $0.askedAt)) / 1_000_000 } ?? 0
    gauge("leasehold_pending_payouts", "Payouts neither paid nor failed.", Double(payouts.count))
    gauge("leasehold_pending_payouts_msat", "Set aside for them.", Double(payouts.setAside.count))
    gauge("leasehold_oldest_pending_payout_seconds", "How long the first of them has waited.", max(0, age))
    gauge(
      "leasehold_stuck_payouts", "Payouts pending though their invoices can be paid no more.",
      Double(payouts.stuck(at: overview.at).count))
  }

  /// An image that does not start fails for everybody who buys it.
  fileprivate mutating func failedPurchases(_ counts: [String: Int]) {
    gauges(
      "leasehold_failed_purchases", "Purchases that could not be made since the start, by offer.",
      counts.sorted { $0.key < $1.key }.map { ([("offer", $0.key)], Double($0.value)) })
  }

  fileprivate mutating func pulls(_ tally: PullTally) {
    header("leasehold_pulls_total", "counter", help: "Wallets of renters that were asked, and what came of it.")
    for outcome in PullTally.Outcome.allCases {
      line("leasehold_pulls_total", PrometheusText.dimensions([("outcome", outcome.rawValue)]), Double(tally[outcome]))
    }
  }

  /// The purchases of each variant, as cohorts; up to a minute old.
  fileprivate mutating func variants(_ figures: [VariantFigures]) {
    gauges(
      "leasehold_variant_purchases", "Leases by the variant they were sold as, and how far they came.",
      figures.flatMap { figure in
        [("quoted", figure.quoted), ("paid", figure.paid), ("renewed", figure.renewed)].map {
          ([("offer", figure.offer), ("variant", figure.variant), ("stage", $0.0)], Double($0.1))
        }
      })
    gauges(
      "leasehold_variant_revenue_msat", "Charged for time and usage of the leases sold as this variant.",
      figures.map { ([("offer", $0.offer), ("variant", $0.variant)], Double($0.revenue.count)) })
  }

  fileprivate mutating func deliveries(_ tally: [DeliveryTally.Key: Int]) {
    header("leasehold_deliveries_total", "counter", help: "Attempts to tell renters, by channel and what came of them.")
    for (key, count) in tally.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      line(
        "leasehold_deliveries_total",
        PrometheusText.dimensions([("channel", key.channel.rawValue), ("outcome", key.outcome.rawValue)]),
        Double(count))
    }
  }

  /// Without a rate nothing is sold in its currency.
  private mutating func exchangeRates(_ overview: Overview) {
    let rates = overview.exchangeRates
    guard !rates.isEmpty else { return }
    func labelled(_ value: (ExchangeRateView) -> Double?) -> [([(String, String)], Double)] {
      rates.compactMap { view in value(view).map { ([("currency", view.currency.rawValue)], $0) } }
    }
    gauges(
      "leasehold_exchange_rate_usable", "Whether anything is quoted in the currency.",
      labelled { $0.trouble == nil ? 1 : 0 })
    gauges(
      "leasehold_exchange_rate_doubted", "Whether a reading is too far from the last rate believed.",
      labelled { $0.believed?.doubted == nil ? 0 : 1 })
    gauges(
      "leasehold_exchange_rate_age_seconds", "Age of the last rate believed.",
      labelled { view in
        view.believed.map { max(0, Double(overview.at.microseconds(since: $0.accepted.readAt)) / 1_000_000) }
      })
    gauges(
      "leasehold_exchange_rate_per_bitcoin", "The last rate believed: the currency's units for a bitcoin.",
      labelled { view in view.believed.map { Double($0.accepted.perBitcoin.hundredMillionths) / 100_000_000 } })
    gauges(
      "leasehold_exchange_rate_spares_seconds", "For how long yet nobody is suspended because of it.",
      labelled { view in
        max(0, view.sparedUntil.map { Double($0.microseconds(since: overview.at)) / 1_000_000 } ?? 0)
      })
    header("leasehold_exchange_rate_failed_reads_total", "counter", help: "Readings that came to nothing.")
    for view in rates {
      line(
        "leasehold_exchange_rate_failed_reads_total", PrometheusText.dimensions([("currency", view.currency.rawValue)]),
        Double(view.failedReads))
    }
    header("leasehold_exchange_rate_refusals_total", "counter", help: "Quotes refused for want of a rate.")
    for view in rates {
      for reason in ExchangeRateTrouble.Name.allCases {
        line(
          "leasehold_exchange_rate_refusals_total",
          PrometheusText.dimensions([("currency", view.currency.rawValue), ("reason", reason.rawValue)]),
          Double(view.refusals[reason] ?? 0))
      }
    }
  }

  /// Money that may have arrived without our knowing, and for how long that is so.
  private mutating func settlements(_ overview: Overview) {
    func age(_ moment: Instant?) -> Double {
      moment.map { max(0, Double(overview.at.microseconds(since: $0)) / 1_000_000) } ?? 0
    }
    gauge(
      "leasehold_oldest_unbooked_settlement_seconds", "How long the first of them has waited.",
      age(overview.oldestUnbooked))
    if overview.cursorMovedAt != nil {
      gauge(
        "leasehold_settlement_cursor_age_seconds", "Since the last settlement was taken in.",
        age(overview.cursorMovedAt))
    }
    gauge(
      "leasehold_settlement_follower_failing", "Whether settlements cannot be followed.",
      overview.followerFailingSince == nil ? 0 : 1)
    gauge(
      "leasehold_settlement_follower_failing_seconds", "For how long they cannot.", age(overview.followerFailingSince))
    gauge(
      "leasehold_settlement_cursor_ahead",
      "Whether the node was found to know less of its settlements than was taken in, and not compared since.",
      overview.cursorAheadAt == nil ? 0 : 1)
    header(
      "leasehold_failed_lookups_total", "counter", help: "Look-ups of single invoices that sweeps went past.")
    line("leasehold_failed_lookups_total", "", Double(overview.failedLookups))
    gauge("leasehold_held_payments", "Payments neither taken nor sent back.", Double(overview.heldPayments))
    gauge("leasehold_node_down_seconds", "For how long the node has not answered.", age(overview.nodeFailingSince))
    let left = overview.sparedUntil.map { Double($0.microseconds(since: overview.at)) / 1_000_000 } ?? 0
    gauge(
      "leasehold_node_outage_spares_seconds", "For how long yet nobody is suspended because of the node.", max(0, left))
  }
}
