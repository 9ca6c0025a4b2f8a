import Leasing
import Testing
import Units

struct RestartsTests {
  private let start = Instant(unixSeconds: 1_800_000_000)

  @Test func whatRestartsAfterWhat() {
    for code: Int32? in [0, 1, 137, nil] {
      #expect(!RestartPolicy.never.restarts(after: code))
      #expect(RestartPolicy.always.restarts(after: code))
      #expect(RestartPolicy.onFailure.restarts(after: code) == (code != 0))
    }
  }

  @Test func theWaitGrowsToFiveMinutesAndNoFurther() {
    var restarts = Restarts()
    var now = start
    var waits: [Int64] = []
    restarts.started(at: now)
    for _ in 0..<40 {
      guard case .waits(let until) = restarts.ended(1, under: .onFailure, at: now) else {
        Issue.record("it does not wait")
        return
      }
      // Looking more often changes nothing.
      #expect(restarts.ended(1, under: .onFailure, at: now + 1) == .waits(until: until))
      waits.append(until.microseconds(since: now) / 1_000_000)
      now = until
      #expect(restarts.ended(1, under: .onFailure, at: now) == .starts)
      restarts.count(at: now)
      #expect(restarts.dueAt == nil)
    }
    #expect(waits.prefix(7) == [10, 20, 40, 80, 160, 300, 300])
    #expect(waits.last == 300)
    #expect(restarts.count == 40)
  }

  @Test func tenMinutesOfRunningBeginItAnew() {
    func wait(after run: Seconds) -> Restarts.Answer {
      var restarts = Restarts()
      for _ in 0..<5 { restarts.count(at: start) }
      return restarts.ended(1, under: .always, at: start + run)
    }
    #expect(wait(after: 599) == .waits(until: start + 599 + 300))
    #expect(wait(after: 600) == .waits(until: start + 600 + 10))
  }

  @Test func whatEndedWellStaysWhereOnlyFailuresCount() {
    var restarts = Restarts()
    restarts.started(at: start)
    #expect(restarts.ended(0, under: .onFailure, at: start) == .stays)
    #expect(restarts.ended(nil, under: .never, at: start) == .stays)
    #expect(restarts.dueAt == nil)
    #expect(restarts.count == 0)
  }

  @Test func somebodysHandForgives() {
    var restarts = Restarts()
    for _ in 0..<5 { restarts.count(at: start) }
    _ = restarts.ended(1, under: .always, at: start)
    restarts.forgive()
    #expect(restarts.dueAt == nil)
    #expect(restarts.count == 5)
    #expect(restarts.ended(1, under: .always, at: start) == .waits(until: start + 10))
  }

  @Test func aClockSetBackHoldsNothingUp() {
    var restarts = Restarts()
    _ = restarts.ended(1, under: .always, at: start)
    #expect(restarts.ended(1, under: .always, at: start - .day) == .starts)
  }
}
