import Testing

@testable import HTTPAPI

/// Who asks for nonsense without end fills no log.
@Suite struct RefusalLogTests {
  private let start = ContinuousClock.Instant.now

  @Test func oneOfAKindInTenSecondsIsALine() {
    let log = RefusalLog()
    func admit(_ seconds: Int64, client: String? = nil, route: String = "/v1/leases", status: Int = 404)
      -> RefusalLog.Line
    { log.admit(client, route, status, at: start + .seconds(seconds)) }
    #expect(admit(0) == .new)
    #expect(admit(0) == .again)
    #expect(admit(9) == .again)
    // Another route, status or client is another kind.
    #expect(admit(1, route: "/v1/offers") == .new)
    #expect(admit(1, status: 401) == .new)
    #expect(admit(1, client: "192.0.2.1") == .new)
    #expect(admit(10) == .more(2))
    #expect(admit(19) == .again)
    #expect(admit(20) == .more(1))
    // None was left unsaid.
    #expect(admit(40) == .new)
  }

  @Test func whoMakesUpKindsTakesNoMoreThanSoMuch() {
    let log = RefusalLog()
    for number in 0..<(RefusalLog.most - 1) { _ = log.admit(nil, "/\(number)", 404, at: start) }
    #expect(log.admit(nil, "/known", 404, at: start) == .new)
    #expect(log.admit(nil, "/known", 404, at: start) == .again)
    // One more than are told apart: all begin anew.
    #expect(log.admit(nil, "/one-more", 404, at: start) == .new)
    #expect(log.admit(nil, "/known", 404, at: start) == .new)
  }
}
