import Engine
import Leasing
import Testing
import Units

@testable import HTTPAPI

@Suite struct UsageCursorTests {
  private static func window(_ start: Int64, _ meter: Meter) -> UsageWindow {
    UsageWindow(
      incarnation: 1, meter: meter, start: Instant(unixSeconds: start), seconds: 60, quantity: start, charged: nil)
  }

  private let all: [UsageWindow] =
    [Int64(60), 120, 180, 240].flatMap { start in [Meter.cpu, .disk, .memory].map { window(start, $0) } }

  @Test(arguments: 1...13)
  func pagesLoseNothingAndRepeatNothing(limit: Int) throws {
    var seen: [UsageWindow] = []
    var cursor = UsageCursor(after: nil, skip: 0)
    for _ in 0..<100 {
      let after = cursor.after ?? Instant(unixSeconds: 0)
      let found = Array(all.filter { $0.start > after }.prefix(cursor.skip + limit + 1))
      seen += found.dropFirst(cursor.skip).prefix(limit)
      if found.count <= cursor.skip + limit { break }
      cursor = try #require(UsageCursor(cursor.advanced(over: found.prefix(cursor.skip + limit)).text))
    }
    #expect(seen == all)
  }

  @Test(
    arguments: [
      "", "a.0", "1", "1.-1", "1.2.3", ".99999", "1.x", "-1.0", "-9223372036854775808.0", "9223372036854775807.0",
      "0.9223372036854775807",
    ])
  func nonsenseIsNoCursor(_ text: String) {
    #expect(UsageCursor(text) == nil)
  }
}
