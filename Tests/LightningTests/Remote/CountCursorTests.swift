import Testing

@testable import Lightning

/// Settlements of a node that counts them.
@Suite struct CountCursorTests {
  @Test func aCursorIsReadAsItWasWritten() {
    let cursor = CountCursor(identity: "02ab", index: 7)
    #expect(cursor.text == "02ab-7")
    #expect(CountCursor(cursor.text, on: "02ab") == cursor)
  }

  @Test(arguments: [
    nil, "", "7", "02ab", "02ab-", "02ab--7", "02ab-7-8", "02ab-x", "03cd-7", "02ab-9223372036854775808",
  ])
  func aCursorThatIsNoneOfThisNodesStartsAtTheBeginning(_ text: String?) {
    #expect(CountCursor(text, on: "02ab") == CountCursor(identity: "02ab", index: 0))
  }
}
