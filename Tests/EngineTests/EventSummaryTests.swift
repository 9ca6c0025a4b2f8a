import Leasing
import Ledger
import Testing
import Units

@testable import Engine

@Suite struct EventSummaryTests {
  private func summary(_ from: Lease.State.Name, _ to: Lease.State.Name, _ feedName: EventRecord.FeedName?) -> String? {
    EventRecord(
      id: "woke:1", lease: LeaseID(high: 1, low: 1), version: 1, at: Instant(unixSeconds: 1_800_000_000),
      name: .event(.woke), feedName: feedName, from: from, to: to, cause: .init(type: .timer, id: "1")
    ).summary
  }

  @Test func whatTheClockDidIsSaid() {
    #expect(summary(.provisioning, .reclaiming, .failed) == "it was not made in time")
    #expect(summary(.provisioning, .reclaiming, .reclaimed) == "its end was due")
    #expect(summary(.active, .reclaiming, .reclaimed) == "its end was due")
    #expect(summary(.quoted, .quoted, nil) == "the quote ran out unpaid")
    #expect(summary(.active, .active, nil) == nil)
  }
}
