import Testing
import Units

@testable import Lightning

/// Settlements of a node that knows only their time.
@Suite struct TimeCursorTests {
  private func row(_ seconds: Double, _ name: UInt8) -> TimeCursor.Row {
    TimeCursor.Row(
      at: Instant(microseconds: 1_800_000_000_000_000 + Int64(seconds * 1_000_000)),
      hash: [UInt8](repeating: name, count: 32))
  }

  /// Reads everything, `limit` at a time, through the text of each cursor.
  private func read(
    _ rows: [TimeCursor.Row], after text: String? = nil, limit: Int = 100
  ) -> (names: [UInt8], cursor: String?) {
    var (names, text) = ([UInt8](), text)
    while true {
      let found = TimeCursor(text).next(rows, limit: limit)
      guard let last = found.last else { return (names, text) }
      names += found.map { $0.row.hash[0] }
      text = last.cursor.text
    }
  }

  @Test func equalTimesAreAllDeliveredEachOnceHoweverFewAtATime() {
    let rows = [row(5, 3), row(5, 1), row(5, 2), row(0, 9), row(60, 4), row(5, 5)]
    for limit in 1...6 { #expect(read(rows, limit: limit).names == [9, 1, 2, 3, 5, 4]) }
  }

  @Test func oneThatTurnsUpLateIsStillDeliveredAndOnlyThatOne() {
    let rows = [row(0, 1), row(20, 2), row(25, 3)]
    let (_, cursor) = read(rows)
    // Behind the last by less than the overlap, before it, and at the same time.
    for late in [row(15.5, 7), row(24.9, 7), row(25, 7)] {
      #expect(read(rows + [late], after: cursor).names == [7])
    }
    #expect(read(rows, after: cursor).names.isEmpty)
  }

  @Test func aCursorStaysSmall() {
    let rows = (0..<200).map { row(Double($0), UInt8($0)) }
    let (names, cursor) = read(rows, limit: 7)
    #expect(names == (0..<200).map { UInt8($0) })
    #expect((cursor?.utf8.count ?? 0) < 17 * 12 + 20)
  }

  @Test func whatMovesToALaterTimeIsToldAgainAtMostNeverLost() {
    let (_, cursor) = read([row(0, 1), row(1, 2)])
    #expect(read([row(1, 2), row(100, 1)], after: cursor).names.count <= 1)
    #expect(read([row(1, 2), row(100, 1), row(101, 3)], after: cursor).names.last == 3)
  }

  @Test(arguments: ["", "x", "1", "1:", "-1:", "1:zz", "12-4", "1:00112233445566", "9223372036854775808:"])
  func aCursorOfAnotherNodeStartsAtTheBeginningIfItIsNotSimplyEmpty(_ text: String) {
    let names = read([row(0, 1), row(1, 2)], after: text).names
    #expect(names == [1, 2])
  }

  @Test func whatALookupSaysGoesOnRightBehindIt() {
    let rows = [row(0, 1), row(5, 2), row(30, 3)]
    let behind = TimeCursor(after: rows[2]).text
    #expect(read(rows, after: behind).names.isEmpty)
    #expect(read(rows + [row(31, 4)], after: behind).names == [4])
  }
}
