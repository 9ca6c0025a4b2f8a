import Engine
import Leasing
import Ledger
import Testing
import Units

@testable import Pages

@Suite struct HistoryTests {
  let words: Words

  init() throws { words = try Words(Words.table) }

  @Test(arguments: Words.codes)
  func everyWordOfTheEngineIsSaid(code: String) {
    let language = words.language(code)
    let keys =
      Event.Name.allCases.map { "event_\($0.rawValue)" } + Transfer.Cause.allCases.map { "cause_\($0.rawValue)" }
      + Lease.State.Name.allCases.map { "short_\($0.rawValue)" } + Meter.allCases.map { "chart_\($0.rawValue)" }
      + Meter.allCases.map { "meter_\($0.rawValue)" } + LeasePart.allCases.map { "tab_\($0.rawValue)" }
      + Deadline.Action.allCases.flatMap { ["next_\($0.rawValue)", "until_\($0.rawValue)"] }
      + Kind.allCases.map { "release_loss_\($0.rawValue)" }
      + Lease.SuspensionCause.allCases.map { "state_suspended_\($0.rawValue)" }
      + Lease.ReclaimCause.allCases.flatMap { ["state_reclaiming_\($0.rawValue)", "state_closed_\($0.rawValue)"] }
      + ["state_quoted", "state_provisioning", "state_active", "state_grace", "state_closed", "state_resuming"]
      + ["event_quoted", "event_notice", "event_undelivered", "event_resent", "event_lost"]
    for key in keys { #expect(language[key] != key, "\(key)") }
  }

  @Test func amountsAreToldToTheMillisatoshi() {
    let english = words.language("en")
    #expect(english.sat(20_000) == "20")
    #expect(english.sat(1_234_567_890) == "1\u{202F}234\u{202F}567.89")
    #expect(words.language("de").sat(1) == "0,001")
  }

  @Test func aChartIsAPictureAndATable() {
    let chart = UsageChart(
      meter: .egress, begin: Instant(unixSeconds: 0), width: .minute, values: [0, 1 << 20, 2 << 20, 0])
    let model = chart.model(words.language("en"))
    let svg = model["svg"] as? String ?? ""
    #expect(svg.contains(#"role="img" aria-label="Data out: 3 MiB in all""#))
    #expect(svg.contains(#"<rect class="bar" x="151" y="60" width="148" height="60"/>"#))
    #expect(svg.contains(#"<rect class="bar" x="301" y="0" width="148" height="120"/>"#))
    let rows = model["rows"] as? [[String: String]] ?? []
    #expect(rows.map { $0["value"] } == ["2 MiB", "1 MiB"])
    #expect(rows.first?["at"] == "1970-01-01 00:02 UTC")
  }

  @Test func whatIsHeldIsToldAsHowMuchAtATime() {
    let chart = UsageChart(meter: .memory, begin: Instant(unixSeconds: 0), width: .hour, values: [])
    #expect(chart.text(3_600 << 20, words.language("en")) == "1 MiB")
    let cpu = UsageChart(meter: .cpu, begin: Instant(unixSeconds: 0), width: .hour, values: [])
    #expect(cpu.text(1_500_000, words.language("de")) == "1,5 Kernsekunden")
  }
}
