import Leasing
import Ledger
import Logging
import Units

/// Usage: read from drivers and doors, kept in windows, rated once.
public struct Metering: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let drivers: ResourceDrivers
  let doorMeters: DoorMeters
  /// How many windows are rated in one transaction.
  let batch: Int
  let log: Logger

  /// One round of readings, of everything on this host.
  public func sample() async throws {
    var readings: [MeterReading] = []
    for (_, driver) in drivers.all {
      do throws(DriverError) {
        readings += try await driver.measure(nil).flatMap(\.readings)
      } catch {
        log.warning("meters could not be read", metadata: ["driver": "\(driver.name)", "error": "\(error)"])
      }
    }
    let atDoors = doorMeters.readings(at: clock.now())
    let all = readings + atDoors
    guard !all.isEmpty else { return }
    do {
      try await store.transaction { tx in try tx.ingest(all, at: clock.now()) }
    } catch {
      doorMeters.restore(atDoors)
      throw error
    }
  }

  /// Rates the windows that closed two windows ago, and charges what lies beyond the allowance.
  public func rateUsage() async throws {
    while !Task.isCancelled {
      let steps = try await store.transaction { tx -> [RecordedStep]? in
        let now = clock.now()
        let unrated = try tx.lockUnratedUsage(closedBefore: now - .minute * 2, of: nil, limit: batch)
        guard !unrated.isEmpty else { return nil }
        var byLease: [LeaseID: (lease: Lease, charged: Millisatoshi)] = [:]
        var rated: [RatedWindow] = []
        for usage in unrated {
          let result = usage.rated()
          rated += result.windows
          byLease[usage.lease.id, default: (usage.lease, .zero)].charged += result.charged
        }
        try tx.markRated(rated)
        let steps = try byLease.values.filter { $0.charged > .zero }.map { entry in
          try loop.decided(
            .usageRated(entry.charged), for: entry.lease,
            eventID: EventID(.usage, "\(entry.lease.id):\(uniqueLabel(at: now))"),
            cause: .init(type: .meter, id: "windows before \((now - .minute * 2).unixSeconds)"), at: now)
        }
        try tx.write(steps)
        return steps
      }
      guard let steps else { return }
      loop.publish(steps.map(\.decision.lease))
    }
  }

  /// Rates what one lease still has, whatever its windows; the caller steps the lease with the sum.
  func rate(_ lease: Lease, closedBefore: Instant, _ tx: any UsageRows) throws -> Millisatoshi {
    var charged = Millisatoshi.zero
    while true {
      let unrated = try tx.lockUnratedUsage(closedBefore: closedBefore, of: lease.id, limit: 10_000)
      if unrated.isEmpty { return charged }
      for usage in unrated {
        let result = usage.rated()
        try tx.markRated(result.windows)
        charged += result.charged
      }
    }
  }

  /// Freezes the resource and takes its last reading: after this nothing more is used.
  func readLast(
    of record: LeaseRecord, _ driver: any ResourceDriver, generation: Int64
  ) async throws(DriverError) {
    let id = record.lease.id
    do throws(DriverError) {
      try await driver.suspend(id, generation: generation)
    } catch {
      guard error.kind == .absent else { throw error }
    }
    var last: [MeterReading] = []
    do throws(DriverError) {
      last = try await driver.measure([id]).flatMap(\.readings)
    } catch {
      // What is not there any more is not read any more.
      guard error.kind == .absent else { throw error }
    }
    let atDoors = doorMeters.readings(at: clock.now())
    let all = last + atDoors
    do {
      try await store.transaction { tx in try tx.ingest(all, at: clock.now()) }
    } catch {
      doorMeters.restore(atDoors)
      throw DriverError(.failed, attempted: "storing the last reading", words: "\(error)")
    }
  }

  /// Finds leases nobody uses, where their offer asks for it.
  public func lookForIdleness() async throws {
    var after: LeaseID?
    while true {
      let from = after
      let (page, uses) = try await store.transaction { tx in
        let page = try tx.leases(LeaseQuery(states: [.active], after: from, limit: 500))
        let mayBeIdle = page.filter { $0.lease.terms.policy.idle != nil }
        return (page, mayBeIdle.isEmpty ? [:] : try tx.lastUses(of: mayBeIdle.map(\.lease.id)))
      }
      for record in page {
        guard let idle = record.lease.terms.policy.idle else { continue }
        let id = record.lease.id
        let now = clock.now()
        let since = max(uses[id] ?? record.lease.createdAt, record.lease.activatedAt ?? record.lease.createdAt)
        guard now > since + idle.after else { continue }
        try await loop.handle(
          .foundIdle, for: id, eventID: EventID(.idle, "\(id):\(record.lease.version)"),
          cause: .init(type: .meter, id: "idle"), evidence: ["since": since.rfc3339])
      }
      guard page.count == 500, let last = page.last else { return }
      after = last.lease.id
    }
  }
}

extension Measurement {
  var readings: [MeterReading] {
    counters.map {
      MeterReading(lease: lease, incarnation: incarnation, meter: $0.key, value: .counter($0.value), at: at)
    }
      + levels.map {
        MeterReading(lease: lease, incarnation: incarnation, meter: $0.key, value: .level($0.value), at: at)
      }
  }
}

extension UnratedUsage {
  /// What the windows cost beyond the allowance of their period. The remainder of a millisatoshi is carried, so that
  /// many small windows cost what one large one would.
  func rated() -> (windows: [RatedWindow], charged: Millisatoshi) {
    let price = lease.terms.meters.first { $0.meter == meter }
    var allowance = allowance
    var total = Millisatoshi.zero
    var rated: [RatedWindow] = []
    rated.reserveCapacity(windows.count)
    for window in windows {
      var charged = Millisatoshi.zero
      // Usage found after the point of no return is nobody's debt.
      if let price, lease.mayBeCharged {
        let period = lease.period(at: window.start)
        if period != allowance.period {
          allowance.period = period
          allowance.used = 0
        }
        let before = max(0, allowance.used - price.included)
        // A meter that counts beyond 64 bits in a period has stopped counting.
        let (used, overflow) = allowance.used.addingReportingOverflow(window.quantity)
        allowance.used = overflow ? .max : used
        let billable = max(0, allowance.used - price.included) - before
        // Of a unit that was larger, before a change, a part of that is no part of this one.
        let carried = min(allowance.remainder, price.unit - 1)
        let product = Int128(billable) * Int128(price.price.count) + Int128(carried)
        let (whole, rest) = product.quotientAndRemainder(dividingBy: Int128(price.unit))
        charged = Millisatoshi(Int64(clamping: whole))
        allowance.remainder = Int64(rest)
      }
      total += charged
      rated.append(RatedWindow(lease: lease.id, window: window, charged: charged, allowance: allowance))
    }
    return (rated, total)
  }
}
