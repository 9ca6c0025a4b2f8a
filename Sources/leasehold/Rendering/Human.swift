import Units
import Wire

/// Numbers as people read them.
enum Human {
  /// `1.5 GiB`; whole numbers without a fraction.
  static func bytes(_ count: Int64) -> String {
    scaled(count, by: 1_024, units: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
  }

  private static func scaled(_ count: Int64, by base: Int64, units: [String]) -> String {
    var unit = 0
    var divisor: Int64 = 1
    while unit + 1 < units.count, count.magnitude / UInt64(divisor) >= UInt64(base) {
      divisor *= base
      unit += 1
    }
    let tenths = unit == 0 ? 0 : count % divisor / (divisor / base) * 10 / base
    return tenths == 0 ? "\(count / divisor) \(units[unit])" : "\(count / divisor).\(tenths.magnitude) \(units[unit])"
  }

  /// What a meter has counted, in a unit that leaves a readable number: `1.5 GiB h` for byte-seconds, `2 min 5 s` of a
  /// core for nanoseconds of one.
  static func quantity(_ quantity: Int64, _ unit: String) -> String {
    switch unit {
    case "byte": return bytes(quantity)
    case "byte_second":
      let hours = quantity / 3_600
      return hours >= 1 << 20 ? bytes(hours) + " h" : bytes(quantity) + " s"
    case "microsecond": return quantity < 1_000_000 ? "\(quantity / 1_000) ms" : span(quantity / 1_000_000)
    default: return "\(grouped(quantity.magnitude)) \(unit)"
    }
  }

  /// `1,234 sat`, `0.5 sat`.
  static func sats(_ msat: Int64) -> String {
    let whole = grouped(msat.magnitude / 1_000)
    var fraction = String(1_000 + msat.magnitude % 1_000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return (msat < 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction) + " sat"
  }

  static func grouped(_ number: UInt64) -> String {
    var digits = Array(String(number))
    var index = digits.count - 3
    while index > 0 {
      digits.insert(",", at: index)
      index -= 3
    }
    return String(digits)
  }

  /// `45 s`, `10 min`, `3 h 20 min`, `2 d 4 h`: the two largest units.
  static func span(_ seconds: Int64) -> String {
    let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
    guard let first = units.firstIndex(where: { seconds >= $0.0 }) else { return "0 s" }
    let (size, name) = units[first]
    let rest = seconds % size
    guard first + 1 < units.count, rest >= units[first + 1].0 else { return "\(seconds / size) \(name)" }
    return "\(seconds / size) \(name) \(rest / units[first + 1].0) \(units[first + 1].1)"
  }

  /// `in 10 min`, `3 h ago`.
  static func relative(_ moment: Timestamp, to now: Instant) -> String {
    let seconds = moment.instant.microseconds(since: now) / 1_000_000
    return seconds == 0 ? "now" : seconds > 0 ? "in \(span(seconds))" : "\(span(-seconds)) ago"
  }

  /// `2026-11-22 18:00:00 UTC`.
  static func time(_ moment: Timestamp) -> String {
    let text = Timestamp(Instant(unixSeconds: moment.instant.unixSeconds)).description
    return text.replacing("T", with: " ").replacing("Z", with: " UTC")
  }

  /// Both.
  static func moment(_ moment: Timestamp, _ now: Instant) -> String {
    "\(time(moment)) (\(relative(moment, to: now)))"
  }

  static func resources(_ resources: ResourcesDocument) -> String {
    [
      resources.cpuMillis.map { cores($0) },
      resources.memoryBytes.map { bytes($0) + " memory" },
      resources.diskBytes > 0 ? bytes(resources.diskBytes) + " disk" : nil,
      resources.pids.map { "\($0) pids" },
    ].compactMap(\.self).joined(separator: ", ")
  }

  static func cores(_ millis: Int64) -> String {
    var fraction = String(1_000 + millis % 1_000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(millis / 1_000)\(fraction.isEmpty ? "" : "." + fraction) \(millis == 1_000 ? "core" : "cores")"
  }

  static func price(_ msat: Int64, per seconds: Int64) -> String {
    "\(sats(msat)) / \(period(seconds))"
  }

  private static func period(_ seconds: Int64) -> String {
    let unit: [Int64: String] = [60: "min", 3_600: "h", 86_400: "d"]
    return unit[seconds] ?? span(seconds)
  }

  /// `4.99 USD / h (now 5,138 sat)`; what is in bitcoin alone as ``price(_:per:)``.
  static func price(_ msat: Int64?, in currency: PriceDocument?, per seconds: Int64) -> String {
    guard let currency else { return msat.map { price($0, per: seconds) } ?? "-" }
    let now = msat.map { "now \(sats($0))" } ?? "without a rate just now"
    return "\(currency.amount) \(currency.currency) / \(period(seconds)) (\(now))"
  }

  /// `1 BTC = 97123.45 USD (api.example.org, 2026-11-22 18:00:00 UTC)`.
  static func rate(_ rate: ExchangeRateDocument) -> String {
    "1 BTC = \(rate.perBitcoin) \(rate.currency) (\(rate.source), \(time(rate.readAt)))"
  }

  /// `running`, `stopped: leasehold start runs it again`, `ended with exit code 137, out of memory`.
  static func container(_ container: ContainerDocument) -> String {
    let restarts =
      switch container.restarts ?? 0 {
      case 0: ""
      case 1: ", restarted once so far"
      case let count: ", restarted \(count) times so far"
      }
    switch container.state {
    case "ended":
      let code = container.exitCode.map { " with exit code \($0)" } ?? ""
      return "ended" + code + (container.outOfMemory == true ? ", out of memory" : "") + restarts
        + (container.restartsAt.map { "; it is started again at \(time($0))" } ?? "; 'leasehold start' runs it again")
    case "stopped": return "stopped\(restarts); 'leasehold start' runs it again"
    default: return container.state + restarts
    }
  }

  /// `active`, `suspended (unpaid)`, `active, frozen`, `active, ended (137)`.
  static func state(_ lease: LeaseDocument) -> String {
    var text = lease.state
    if let cause = lease.cause { text += " (\(cause))" }
    if lease.resuming == true { text += ", resuming" }
    if lease.flags.frozen { text += ", frozen" }
    if lease.flags.protected { text += ", protected" }
    if lease.flags.impaired { text += ", impaired" }
    if lease.flags.evictingUntil != nil { text += ", being evicted" }
    if let container = lease.container, container.state != "running" {
      text += ", \(container.state)" + (container.exitCode.map { " (\($0))" } ?? "")
    }
    return text
  }
}
