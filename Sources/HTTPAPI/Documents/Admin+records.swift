import Engine
import Leasing
import Ledger
import Units
import Wire

extension OverviewDocument {
  init(_ overview: Overview, node: String) {
    self.init(
      at: Timestamp(overview.at),
      overdue: OverdueDocument(
        dueLeases: overview.overdue.dueLeases,
        oldestDueLease: overview.overdue.oldestDueLease.map(Timestamp.init(_:)),
        outboxRows: overview.overdue.outboxRows,
        oldestOutboxRow: overview.overdue.oldestOutboxRow.map(Timestamp.init(_:)),
        unbooked: overview.overdue.unbooked, parked: overview.overdue.parked,
        failing: overview.overdue.failing, failingFirst: overview.overdue.failingFirst),
      pools: overview.pools.map {
        PoolDocument(
          host: $0.host, kind: $0.kind.rawValue, dimension: $0.dimension.rawValue, used: $0.used, limit: $0.limit)
      },
      leases: Dictionary(uniqueKeysWithValues: overview.census.map { ($0.key.rawValue, $0.value) }),
      parked: overview.parked.map(ParkedItem.init(_:)),
      unbooked: overview.unbooked.map(UnbookedItem.init(_:)), node: node, nodeUp: overview.nodeIsUp,
      listenerAlive: overview.listenerIsAlive, clockSkewMicroseconds: overview.clockSkewMicroseconds,
      breakerTrippedAt: overview.breakerTrippedAt.map(Timestamp.init(_:)),
      settlements: SettlementsDocument(
        cursorMovedAt: overview.cursorMovedAt.map(Timestamp.init(_:)),
        oldestUnbooked: overview.oldestUnbooked.map(Timestamp.init(_:)),
        followerFailingSince: overview.followerFailingSince.map(Timestamp.init(_:)),
        cursorAheadAt: overview.cursorAheadAt.map(Timestamp.init(_:)), failedLookups: overview.failedLookups,
        heldPayments: overview.heldPayments,
        nodeFailingSince: overview.nodeFailingSince.map(Timestamp.init(_:)),
        sparedUntil: overview.sparedUntil.map(Timestamp.init(_:))),
      payouts: PayoutsDocument(
        pending: overview.payouts.count, setAsideMsat: overview.payouts.setAside.count,
        oldestAskedAt: overview.payouts.oldest.first.map { Timestamp($0.askedAt) },
        stuck: overview.payouts.stuck(at: overview.at).map(StuckPayoutItem.init(_:))),
      exchangeRates: overview.exchangeRates.map(ExchangeRateItem.init(_:)),
      notices: NoticesDocument(
        waiting: overview.deliveries.waiting, oldestWaiting: overview.deliveries.oldestWaiting.map(Timestamp.init(_:)),
        dead: overview.deliveries.dead))
  }
}

extension StuckPayoutItem {
  init(_ payout: PayoutRecord) {
    self.init(
      paymentHash: payout.paymentHash.hex, lease: payout.lease.description, msat: payout.amount.count,
      askedAt: Timestamp(payout.askedAt), orderedOf: payout.order?.node)
  }
}

extension VariantItem {
  init(_ figures: VariantFigures) {
    self.init(
      offer: figures.offer, variant: figures.variant, share: figures.share, quoted: figures.quoted,
      paid: figures.paid, renewed: figures.renewed, revenueMsat: figures.revenue.count)
  }
}

extension EarningItem {
  init(_ earning: Earning) {
    self.init(
      day: Timestamp(earning.day), offer: earning.offer, timeMsat: earning.time.count, usageMsat: earning.usage.count,
      leases: earning.leases)
  }
}

extension ParkedItem {
  init(_ parked: ParkedLease) {
    self.init(lease: parked.lease.description, until: Timestamp(parked.until), reason: parked.reason)
  }
}

extension UnbookedItem {
  init(_ unbooked: UnbookedSettlement) {
    self.init(
      paymentHash: unbooked.settlement.paymentHash.hex, lease: unbooked.lease?.description,
      msat: unbooked.settlement.received.count, settledAt: Timestamp(unbooked.settlement.settledAt),
      reason: unbooked.reason, resolvedAt: unbooked.resolvedAt.map(Timestamp.init(_:)),
      resolution: unbooked.resolution)
  }
}

extension EffectItem {
  init(_ row: OutboxRow) {
    self.init(
      key: row.claim.key, lease: row.claim.lease.description, effect: row.claim.effect.name,
      dueAt: Timestamp(row.dueAt), attempts: row.claim.attempts, lastError: row.lastError)
  }
}

extension AuditDocument {
  init(_ audit: Audit) {
    self.init(
      transfers: audit.transfers, payments: audit.payments, totalsMsat: audit.totals.mapValues(\.count),
      findings: audit.findings, sound: audit.findings.isEmpty, provedBefore: audit.proved)
  }
}

extension AdminLeaseItem {
  init(_ record: LeaseRecord, at now: Instant, base: String) {
    self.init(
      lease: LeaseDocument(record, at: now, base: base), host: record.placement?.host,
      wakesAt: record.lease.wakesAt.flatMap { $0 < .distantFuture ? Timestamp($0) : nil })
  }
}

extension AdminLeaseDocument {
  init(_ view: OperatorLeaseView, at now: Instant, base: String) {
    let item = AdminLeaseItem(view.record, at: now, base: base)
    self.init(
      lease: item.lease, host: item.host, uidBase: view.record.placement.map { Int64($0.uidBase) },
      wakesAt: item.wakesAt, command: view.record.request.command,
      impairment: view.record.lease.flags.impaired?.reason, effects: view.effects.map(EffectItem.init(_:)),
      events: view.events.map(ExplainItem.init(_:)))
  }
}
