import Engine
import Leasing
import Ledger
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct FeedEventTests {
  @Test func aNoticeSaysHowManyWholeDaysAreLeft() {
    let now = Instant(unixSeconds: 1_800_000_000)
    func told(_ deadline: Instant?) -> FeedEvent {
      FeedEvent(
        EventRecord(
          id: "woke:x/notice/renewal", lease: LeaseID(high: 0, low: 1), version: 3, at: now, name: .notice,
          feedName: .notice, from: .active, to: .active, cause: .init(type: .timer, id: "t"),
          evidence: deadline.map { ["kind": "renewal", "deadline": $0.rfc3339] } ?? [:]), named: .notice, base: "")
    }
    #expect(told(now + .day * 3 + 5).daysRemaining == 3)
    #expect(told(now + .day - 1).daysRemaining == 0)
    #expect(told(now - 5).daysRemaining == 0)
    #expect(told(nil).daysRemaining == nil)
    #expect(told(now + .day).deadline == Timestamp(now + .day))
    #expect(JSON.text(told(now + .day * 2)).contains("\"days_remaining\":2"))
  }
}
