import Engine
import Leasing
import Ledger
import Postgres
import Units

/// The name of a counter: a lease's meter, as long as it counts on without starting anew.
private struct CounterKey: Hashable {
  var lease: LeaseID
  var incarnation: Int64
  var meter: Meter
}

private struct WindowKey: Hashable {
  var counter: CounterKey
  var start: Instant
}

extension PostgresTransaction {
  private static let window: Seconds = .minute

  func ingest(_ readings: [MeterReading], at now: Instant) throws {
    // Older than the books are open, or from a clock that is ahead: refused.
    let readings = readings.filter { $0.at > now - .day * 35 && $0.at < now + 300 }
    guard !readings.isEmpty else { return }
    let keys = Array(Set(readings.map { CounterKey(lease: $0.lease, incarnation: $0.incarnation, meter: $0.meter) }))
      .sorted { ($0.lease, $0.incarnation, $0.meter.rawValue) < ($1.lease, $1.incarnation, $1.meter.rawValue) }
    var last = try lockCounters(keys)
    var windows: [WindowKey: Int64] = [:]
    for reading in readings.sorted(by: { $0.at < $1.at }) {
      let key = CounterKey(lease: reading.lease, incarnation: reading.incarnation, meter: reading.meter)
      guard let (quantity, counter) = Self.difference(reading, last[key]) else { continue }
      let since = last[key]?.at ?? reading.at
      last[key] = counter
      Self.spread(quantity, from: since, to: reading.at, over: key, into: &windows)
    }
    try write(last, windows)
  }

  private func lockCounters(_ keys: [CounterKey]) throws -> [CounterKey: (value: Int64, at: Instant)] {
    let rows = try db.pointee.query(
      """
      SELECT c.lease, c.incarnation, c.meter, c.value, c.read_at FROM usage_counter c
        JOIN unnest($1::uuid[], $2::bigint[], $3::text[]) AS k (lease, incarnation, meter)
          ON c.lease = k.lease AND c.incarnation = k.incarnation AND c.meter = k.meter
       ORDER BY c.lease, c.incarnation, c.meter FOR UPDATE OF c
      """, keys.map(\.lease.uuid), keys.map(\.incarnation), keys.map(\.meter.rawValue)
    ) { row in
      guard let meter = Meter(rawValue: try row.string(2)) else {
        throw StoreError(.invariant, "a counter of no meter")
      }
      return (
        CounterKey(lease: try row.lease(0), incarnation: try row.int64(1), meter: meter),
        (value: try row.int64(3), at: try row.instant(4))
      )
    }
    return Dictionary(rows) { first, _ in first }
  }

  /// What was used since the last reading, and the counter as it is then. A repeated or older reading is nothing; so
  /// is a counter that went down within an incarnation.
  private static func difference(
    _ reading: MeterReading, _ last: (value: Int64, at: Instant)?
  ) -> (Int64, (value: Int64, at: Instant))? {
    if let last, reading.at <= last.at { return nil }
    switch reading.value {
    case .counter(let value):
      guard value >= last?.value ?? 0 else { return nil }
      return (value - (last?.value ?? 0), (value, reading.at))
    case .level(let bytes):
      guard let last else { return (0, (0, reading.at)) }
      // Byte-seconds; the millionths that are left are carried.
      let product = Int128(max(0, bytes)) * Int128(reading.at.microseconds(since: last.at)) + Int128(last.value)
      let (whole, rest) = product.quotientAndRemainder(dividingBy: 1_000_000)
      return (Int64(clamping: whole), (Int64(rest), reading.at))
    }
  }

  /// Spreads a quantity evenly over the windows it was used in.
  private static func spread(
    _ quantity: Int64, from: Instant, to: Instant, over key: CounterKey, into windows: inout [WindowKey: Int64]
  ) {
    let length = window.microseconds
    func start(_ moment: Instant) -> Instant {
      Instant(microseconds: moment.microseconds - ((moment.microseconds % length) + length) % length)
    }
    func add(_ more: Int64, at start: Instant) {
      let (sum, overflow) = windows[WindowKey(counter: key, start: start), default: 0].addingReportingOverflow(more)
      windows[WindowKey(counter: key, start: start)] = overflow ? .max : sum
    }
    let total = to.microseconds(since: from)
    var given: Int64 = 0
    var at = start(from)
    // A gap of more than an hour is booked where it ended.
    if total <= 0 || total > Seconds.hour.microseconds {
      add(quantity, at: start(to))
      return
    }
    while at <= to {
      let end = min(to, at + window)
      let upTo = Int64(Int128(quantity) * Int128(end.microseconds(since: from)) / Int128(total))
      if upTo > given || quantity == 0 { add(upTo - given, at: at) }
      given = max(given, upTo)
      at = at + window
    }
  }

  private func write(
    _ counters: [CounterKey: (value: Int64, at: Instant)], _ windows: [WindowKey: Int64]
  ) throws {
    let counters = counters.sorted {
      ($0.key.lease, $0.key.incarnation, $0.key.meter.rawValue)
        < ($1.key.lease, $1.key.incarnation, $1.key.meter.rawValue)
    }
    // Readings of leases that are gone by now, or never were ours, fall away in the join.
    try db.pointee.execute(
      """
      INSERT INTO usage_counter (lease, incarnation, meter, value, read_at)
      SELECT k.* FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[])
               AS k (lease, incarnation, meter, value, read_at)
        JOIN lease l ON l.id = k.lease
      ON CONFLICT (lease, incarnation, meter) DO UPDATE SET value = excluded.value, read_at = excluded.read_at
      """, counters.map(\.key.lease.uuid), counters.map(\.key.incarnation), counters.map(\.key.meter.rawValue),
      counters.map(\.value.value), counters.map(\.value.at.timestamp))
    let used = windows.filter { $0.value > 0 }.sorted {
      ($0.key.counter.lease, $0.key.counter.meter.rawValue, $0.key.start)
        < ($1.key.counter.lease, $1.key.counter.meter.rawValue, $1.key.start)
    }
    guard !used.isEmpty else { return }
    // A window that is rated already is closed: what comes later goes into the first one after it that is not.
    try db.pointee.execute(
      """
      INSERT INTO usage_window AS w (lease, incarnation, meter, window_start, quantity)
      SELECT lease, incarnation, meter, open_start, sum(quantity)
        FROM (SELECT k.*, coalesce(
                (SELECT max(r.window_start) + interval '60 seconds' FROM usage_window r
                  WHERE r.lease = k.lease AND r.incarnation = k.incarnation AND r.meter = k.meter
                    AND r.window_start >= k.window_start AND r.charged_msat IS NOT NULL),
                k.window_start) AS open_start
                FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::bigint[])
                  AS k (lease, incarnation, meter, window_start, quantity)
                JOIN lease l ON l.id = k.lease) n
       GROUP BY lease, incarnation, meter, open_start
      ON CONFLICT (lease, incarnation, meter, window_start) DO UPDATE SET quantity = w.quantity + excluded.quantity
      """, used.map(\.key.counter.lease.uuid), used.map(\.key.counter.incarnation),
      used.map(\.key.counter.meter.rawValue), used.map(\.key.start.timestamp), used.map(\.value))
  }

  private static func usageWindow(_ row: borrowing Row) throws -> UsageWindow {
    guard let meter = Meter(rawValue: try row.string(1)) else { throw StoreError(.invariant, "a window of no meter") }
    return UsageWindow(
      incarnation: try row.int64(0), meter: meter, start: try row.instant(2), seconds: try row.int64(5),
      quantity: try row.int64(3), charged: row.isNull(4) ? nil : try row.msat(4))
  }

  func usage(of lease: LeaseID, after window: Instant?, limit: Int) throws -> [UsageWindow] {
    try db.pointee.query(
      """
      SELECT incarnation, meter, start, quantity, charged_msat, seconds FROM (
        (SELECT incarnation, meter, day AS start, quantity, charged_msat, 86400::bigint AS seconds FROM usage_day
          WHERE lease = $1 AND day > coalesce($2::timestamptz, '-infinity')
          ORDER BY day, meter, incarnation LIMIT $3)
        UNION ALL
        (SELECT incarnation, meter, window_start, quantity, charged_msat, 60 FROM usage_window
          WHERE lease = $1 AND window_start > coalesce($2::timestamptz, '-infinity')
          ORDER BY window_start, meter, incarnation LIMIT $3)) kept
       ORDER BY start, meter, incarnation LIMIT $3
      """, lease.uuid, window?.timestamp, Int64(limit), row: Self.usageWindow)
  }

  func lockUnratedUsage(closedBefore: Instant, of lease: LeaseID?, limit: Int) throws -> [UnratedUsage] {
    let ids = try unratedLeases(min(closedBefore, .distantFuture), lease, limit)
    guard !ids.isEmpty else { return [] }
    var usage: [UnratedUsage] = []
    for id in ids {
      // Passed over when somebody else has it, unless the caller has locked it itself.
      guard let locked = try lease == nil ? lockLeaseIfFree(id) : lockLease(id) else { continue }
      let windows = try db.pointee.query(
        """
        SELECT incarnation, meter, window_start, quantity, charged_msat, 60::bigint FROM usage_window
         WHERE lease = $1 AND charged_msat IS NULL AND window_start <= $2 - interval '60 seconds'
         ORDER BY window_start LIMIT $3 FOR UPDATE
        """, id.uuid, min(closedBefore, .distantFuture).timestamp, Int64(limit), row: Self.usageWindow)
      let allowances = try db.pointee.query(
        "SELECT meter, period, used, remainder FROM usage_rating WHERE lease = $1", id.uuid
      ) {
        (
          try $0.string(0), RatingState(period: try $0.int64(1), used: try $0.int64(2), remainder: try $0.int64(3))
        )
      }
      let known = Dictionary(allowances) { first, _ in first }
      for (meter, windows) in Dictionary(grouping: windows, by: \.meter).sorted(by: {
        $0.key.rawValue < $1.key.rawValue
      }) {
        usage.append(
          UnratedUsage(lease: locked, meter: meter, windows: windows, allowance: known[meter.rawValue] ?? RatingState())
        )
      }
    }
    return usage
  }

  /// Whose windows are to be rated, in the order of their ids: the oldest windows of all, or those of one.
  private func unratedLeases(_ closedBefore: Instant, _ lease: LeaseID?, _ limit: Int) throws -> [LeaseID] {
    guard let lease else {
      return try db.pointee.query(
        """
        SELECT DISTINCT lease FROM (
          SELECT lease FROM usage_window
           WHERE charged_msat IS NULL AND window_start <= $1 - interval '60 seconds'
           ORDER BY window_start, lease LIMIT $2) oldest
         ORDER BY lease
        """, closedBefore.timestamp, Int64(limit)
      ) { try $0.lease(0) }
    }
    let isUnrated = try db.pointee.first(
      """
      SELECT true FROM usage_window
       WHERE lease = $1 AND charged_msat IS NULL AND window_start <= $2 - interval '60 seconds' LIMIT 1
      """, lease.uuid, closedBefore.timestamp
    ) { _ in true }
    return isUnrated == nil ? [] : [lease]
  }

  func markRated(_ windows: [RatedWindow]) throws {
    guard !windows.isEmpty else { return }
    try db.pointee.execute(
      """
      UPDATE usage_window w SET charged_msat = r.charged_msat
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::timestamptz[], $5::bigint[])
          AS r (lease, incarnation, meter, window_start, charged_msat)
       WHERE w.lease = r.lease AND w.incarnation = r.incarnation AND w.meter = r.meter
         AND w.window_start = r.window_start
      """, windows.map(\.lease.uuid), windows.map(\.window.incarnation), windows.map(\.window.meter.rawValue),
      windows.map(\.window.start.timestamp), windows.map(\.charged.count))
    // The last of each meter says what is carried.
    var carried: [String: (RatedWindow)] = [:]
    for window in windows { carried["\(window.lease)/\(window.window.meter.rawValue)"] = window }
    let states = carried.sorted { $0.key < $1.key }.map(\.value)
    try db.pointee.execute(
      """
      INSERT INTO usage_rating (lease, meter, period, used, remainder)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
      ON CONFLICT (lease, meter) DO UPDATE
        SET period = excluded.period, used = excluded.used, remainder = excluded.remainder
      """, states.map(\.lease.uuid), states.map(\.window.meter.rawValue), states.map(\.allowance.period),
      states.map(\.allowance.used), states.map(\.allowance.remainder))
  }

  func lastUses(of leases: [LeaseID]) throws -> [LeaseID: Instant] {
    // Of a day that is added up, no more is known than the day.
    let rows = try db.pointee.query(
      """
      SELECT l.id, coalesce(
        (SELECT window_start + interval '60 seconds' FROM usage_window
          WHERE lease = l.id AND quantity > 0 AND meter IN ('requests', 'egress', 'ingress', 'cpu')
          ORDER BY window_start DESC LIMIT 1),
        (SELECT day + interval '24 hours' FROM usage_day
          WHERE lease = l.id AND quantity > 0 AND meter IN ('requests', 'egress', 'ingress', 'cpu')
          ORDER BY day DESC LIMIT 1))
        FROM unnest($1::uuid[]) AS l (id)
      """, leases.map(\.uuid)
    ) { (lease: try $0.lease(0), at: try $0.optionalInstant(1)) }
    return rows.reduce(into: [:]) { uses, row in uses[row.lease] = row.at }
  }
}
