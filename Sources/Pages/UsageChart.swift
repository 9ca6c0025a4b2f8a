import Engine
import Hummingbird
import Leasing
import Units

/// What the meters say, as pictures with a table behind each.
extension Pages {
  func usage(
    _ record: LeaseRecord, _ shown: LeaseVisit, _ words: Words.Language, seesMoney: Bool
  ) async throws -> [String: Any] {
    let isHour = shown.visit.request.uri.queryParameters["span"] == "hour"
    let (bars, width): (Int, Seconds) = isHour ? (60, .minute) : (24, .hour)
    let now = engine.clock.now()
    let whole = width.microseconds
    let end = Instant(microseconds: (now.microseconds / whole + 1) * whole)
    let begin = end - width * Int64(bars)
    // Six meters, a window of each in a minute.
    let windows = try await engine.reader.usage(
      of: record.lease.id, after: begin - Seconds(1), limit: 10_000, shown.caller)
    let charts = Meter.allCases.compactMap { meter -> [String: Any]? in
      let mine = windows.filter { $0.meter == meter && $0.start >= begin }
      guard !mine.isEmpty else { return nil }
      var chart = UsageChart(meter: meter, begin: begin, width: width, values: Array(repeating: 0, count: bars))
      for window in mine {
        let bar = Int(window.start.microseconds(since: begin) / whole)
        guard chart.values.indices.contains(bar) else { continue }
        // A counter never comes near the bound; a sum of hostile ones stops at it.
        chart.values[bar] = chart.values[bar].addingReportingOverflow(window.quantity).partialValue
      }
      var model = chart.model(words)
      let charged = mine.compactMap(\.charged?.count).reduce(0, +)
      if seesMoney, charged > 0 { model["charged"] = words.sat(Millisatoshi(charged)) }
      return model
    }
    return ["charts": charts, "hasCharts": !charts.isEmpty, "isHour": isHour]
  }
}

/// One meter over bars of equal width.
struct UsageChart {
  var meter: Meter
  var begin: Instant
  var width: Seconds
  /// In the meter's own units.
  var values: [Int64]

  func model(_ words: Words.Language) -> [String: Any] {
    let name = words["chart_\(meter.rawValue)"]
    return [
      "meter": meter.rawValue, "name": name, "svg": svg(name, words), "total": total(words),
      "rows": values.enumerated().reversed().filter { $0.element > 0 }.map { index, value in
        let at = begin + width * Int64(index)
        return ["iso": at.rfc3339, "at": at.minute, "value": text(value, words)]
      },
    ]
  }

  /// What is held is told as how much at a time; what is counted, as it is.
  func text(_ value: Int64, _ words: Words.Language) -> String {
    switch meter {
    case .cpu: words.say("chart_cpu_value", ["n": words.hundredths(value / 10_000)])
    case .memory, .disk: words.bytes(value / max(1, width.count))
    case .egress, .ingress: words.bytes(value)
    case .requests: words.number(value)
    }
  }

  private func total(_ words: Words.Language) -> String {
    switch meter {
    case .memory, .disk: words.say("chart_most", ["value": text(values.max() ?? 0, words)])
    case .cpu, .egress, .ingress, .requests:
      words.say("chart_total", ["value": text(values.reduce(0) { $0.addingReportingOverflow($1).partialValue }, words)])
    }
  }

  private func svg(_ name: String, _ words: Words.Language) -> String {
    let (wide, high) = (600, 120)
    let most = max(1, values.max() ?? 1)
    let step = wide / values.count
    let bars = values.enumerated().filter { $0.element > 0 }.map { index, value in
      let height = max(1, Int(Double(value) / Double(most) * Double(high)))
      return
        "<rect class=\"bar\" x=\"\(index * step + 1)\" y=\"\(high - height)\" width=\"\(step - 2)\" height=\"\(height)\"/>"
    }.joined()
    return """
      <svg class="chart" viewBox="0 0 \(wide) \(high + 1)" preserveAspectRatio="none" role="img" \
      aria-label="\(name): \(total(words))"><path class="ground" d="M0 \(high)h\(wide)"/>\(bars)</svg>
      <p class="axis small"><time datetime="\(begin.rfc3339)" data-moment>\(begin.minute)</time> \
      <span>\(words.say("chart_most", ["value": text(values.max() ?? 0, words)]))</span></p>
      """
  }
}
