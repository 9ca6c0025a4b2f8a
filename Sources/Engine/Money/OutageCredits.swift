import Leasing
import Ledger
import Logging
import Units

/// Outages made good (service credits): everybody whom one struck is given the time that was lost, or a sum, in one
/// command.
public struct OutageCredits: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  /// So many leases are locked at a time.
  let batch: Int
  let log: Logger

  /// What it would come to. Writes and locks nothing.
  public func preview(_ wish: OutageCreditWish) async throws -> OutageCreditFigures {
    try check(wish)
    let known = try await store.transaction { tx in try tx.outageCredit(wish.label) }
    if let known {
      try Self.compare(known, wish)
      if known.finishedAt != nil { return try await figures(of: known) }
    }
    var record = known ?? OutageCreditRecord(wish: wish, begunAt: clock.now())
    var returning: Int64 = 0
    while record.finishedAt == nil {
      let sofar = record
      let part = try await store.transaction { [self] tx in
        let ids = try page(after: sofar, tx)
        return try take(ids, tx.leases(ids, locked: false), sofar, tx, requestID: "preview")
      }
      record = part.record
      returning += part.returning
    }
    var figures = try await figures(of: record)
    figures.returning = returning
    figures.record.finishedAt = nil
    return figures
  }

  /// Gives what was not given yet: the same label again, by any daemon and after any crash, gives nobody anything twice.
  ///
  /// - Throws: ``Refusal/conflict(code:_:)`` when the label is of another outage.
  public func give(_ wish: OutageCreditWish, requestID: String) async throws -> OutageCreditFigures {
    try check(wish)
    while true {
      let part = try await store.transaction { [self] tx -> Part? in
        let record = try tx.beginOutageCredit(OutageCreditRecord(wish: wish, begunAt: clock.now()))
        try Self.compare(record, wish)
        guard record.finishedAt == nil else { return nil }
        let ids = try page(after: record, tx)
        let part = try take(ids, tx.leases(ids, locked: true), record, tx, requestID: requestID)
        try tx.write(part.steps)
        try tx.advanceOutageCredit(part.record)
        return part
      }
      guard let part else { break }
      loop.publish(part.steps.map(\.decision.lease))
    }
    guard let record = try await store.transaction({ tx in try tx.outageCredit(wish.label) }) else {
      preconditionFailure("an outage that was made good is in the books")
    }
    log.info("an outage was made good", metadata: ["leases": "\(record.leases)", "msat": "\(record.given.count)"])
    return try await figures(of: record)
  }

  /// The newest first.
  public func list(limit: Int) async throws -> [OutageCreditRecord] {
    try await store.transaction { tx in try tx.outageCredits(limit: limit) }
  }

  // MARK: A part of it

  private struct Part: Sendable {
    var record: OutageCreditRecord
    var steps: [RecordedStep]
    /// Leases that come back into service by it.
    var returning: Int64
  }

  private func page(after record: OutageCreditRecord, _ tx: any OutageCreditRows) throws -> [LeaseID] {
    let wish = record.wish
    return try tx.leasesInService(
      from: wish.since, to: wish.until, on: wish.host, after: record.upto, limit: batch)
  }

  private func take(
    _ ids: [LeaseID], _ leases: [Lease], _ record: OutageCreditRecord, _ tx: any OutageCreditRows, requestID: String
  ) throws -> Part {
    var part = Part(record: record, steps: [], returning: 0)
    let now = clock.now()
    let marks = try tx.serviceMarks(of: ids, before: record.wish.until)
    for lease in leases {
      let compensation = record.wish.compensation(of: lease, marks[lease.id] ?? [])
      let amount = compensation.amount(for: lease)
      guard compensation.lost > 0 || (compensation.amount == nil && compensation.stood > 0) else { continue }
      let step = try loop.decided(
        .compensated(compensation), for: lease, eventID: EventID(.outageCredit, "\(record.wish.label):\(lease.id)"),
        cause: .init(type: .operator, id: requestID), evidence: ["msat": "\(amount.count)"], at: now)
      guard step.decision.effects.contains(where: \.isCompensation) else { continue }
      part.steps.append(step)
      part.record.leases += 1
      part.record.given += step.decision.transfers.filter { $0.cause == .compensation }.map(\.amount)
        .reduce(.zero, +)
      if lease.isSuspended || lease.isReclaiming, step.decision.lease.isOnItsWay, !lease.isOnItsWay {
        part.returning += 1
      }
    }
    part.record.upto = ids.last ?? record.upto
    if ids.count < batch { part.record.finishedAt = now }
    return part
  }

  private func figures(of record: OutageCreditRecord) async throws -> OutageCreditFigures {
    let others = try await list(limit: 1_000).filter { other in
      other.wish.label != record.wish.label && other.wish.since < record.wish.until
        && record.wish.since < other.wish.until
        && (other.wish.host == nil || record.wish.host == nil || other.wish.host == record.wish.host)
    }
    return OutageCreditFigures(record: record, returning: nil, overlapping: others.map(\.wish.label))
  }

  private static func compare(_ known: OutageCreditRecord, _ wish: OutageCreditWish) throws {
    // Said in other words it is the same outage.
    var same = wish
    same.reason = known.wish.reason
    guard known.wish == same else {
      throw Refusal.conflict(
        code: .labelTaken, "'\(wish.label)' was given for another time, host or amount: say another label")
    }
  }

  private func check(_ wish: OutageCreditWish) throws {
    _ = try OperatorReason(wish.reason)
    guard (1...128).contains(wish.label.unicodeScalars.count),
      !wish.label.unicodeScalars.contains(where: { $0.value < 32 })
    else { throw Refusal.invalidField("label", "one line of 1 to 128 characters") }
    guard wish.since < wish.until else {
      throw Refusal.invalidField("affected_until", "is later than affected_since")
    }
    guard wish.until <= clock.now() else {
      throw Refusal.invalidField("affected_until", "is not in the future: make good what is over")
    }
    guard wish.since.advanced(byMicroseconds: Lease.horizon.microseconds) >= wish.until else {
      throw Refusal.invalidField("affected_since", "at most 366 days before affected_until")
    }
    if let each = wish.each, !(each > .zero && each <= .supply) {
      throw Refusal.invalidField("msat", "1 to all the bitcoin there is")
    }
  }
}

/// What an outage comes to.
public struct OutageCreditFigures: Sendable {
  public var record: OutageCreditRecord
  /// Suspended leases that come back by it; `nil`: not counted any more.
  public var returning: Int64?
  /// Labels of other outages that were made good for part of the same time.
  public var overlapping: [String]
}

extension OutageCreditWish {
  func compensation(of lease: Lease, _ marks: [ServiceMark]) -> Compensation {
    // What runs out before anybody has looked was not served.
    let end = lease.serviceEnds.map { min($0, until) } ?? until
    let share = ServiceShare(of: marks, from: since, to: until, servedUntil: end)
    return Compensation(
      label: label, from: since, to: until, lost: share.served, stood: share.suspended, amount: each, reason: reason)
  }
}

/// How much of a span a lease served, and how much it was suspended; microseconds.
struct ServiceShare: Hashable {
  var served: Int64 = 0
  var suspended: Int64 = 0

  /// - Parameters:
  ///   - marks: oldest first, all before `end`.
  ///   - servedUntil: where the service that is going on at the last mark ends.
  init(of marks: [ServiceMark], from start: Instant, to end: Instant, servedUntil: Instant) {
    var state: Lease.State.Name?
    var (isFrozen, isImpaired) = (false, false)
    var since = start
    func count(_ span: inout Int64, until moment: Instant) {
      let (from, to) = (max(since, start), min(moment, end))
      if from < to { span += to.microseconds(since: from) }
    }
    func close(until moment: Instant, served: inout Int64, suspended: inout Int64) {
      switch state {
      case .active, .grace: if !isFrozen, !isImpaired { count(&served, until: moment) }
      case .suspended: count(&suspended, until: moment)
      case .quoted, .provisioning, .reclaiming, .closed, nil: break
      }
    }
    for mark in marks {
      // Whoever looked late suspended late: what lies between is neither.
      let ceased = mark.to == .suspended ? mark.ranOutAt.map { min($0, mark.at) } : nil
      close(until: ceased ?? mark.at, served: &served, suspended: &suspended)
      since = max(since, mark.at)
      state = mark.to
      switch mark.name {
      case .event(.impaired), .event(.resumeFailed): isImpaired = true
      case .event(.recovered): isImpaired = false
      case .event(.frozen): isFrozen = true
      case .event(.resumed): (isFrozen, isImpaired) = (false, false)
      case .event(.thawed):
        if mark.to != .active, mark.to != .grace { isFrozen = false }
      // These seal nothing and unseal nothing.
      case .event(.settled), .event(.accepted), .event(.holdCanceled), .event(.quoteCanceled), .event(.provisioned),
        .event(.provisionFailed), .event(.suspended), .event(.resized), .event(.resizeRefused), .event(.metersClosed),
        .event(.invoicesCanceled), .event(.destroyed), .event(.usageRated), .event(.woke), .event(.payoutAsked),
        .event(.payoutPaid), .event(.payoutFailed), .event(.creditGiven), .event(.creditReceived), .event(.released),
        .event(.changed), .event(.foundIdle), .event(.requested), .event(.outage), .event(.operatorSuspended),
        .event(.operatorResumed), .event(.protected), .event(.evicting), .event(.announced), .event(.compensated),
        .event(.limited), .event(.walletSet), .event(.pullFailed),
        .quoted, .notice, .undelivered, .resent, .lost, .other:
        break
      }
    }
    close(until: state == .suspended ? end : servedUntil, served: &served, suspended: &suspended)
  }
}

extension Effect {
  fileprivate var isCompensation: Bool {
    if case .notice(let notice) = self { notice.kind == .compensation } else { false }
  }
}
