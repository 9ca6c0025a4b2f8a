import Testing
import Wire

@Suite struct JSONPointerTests {
  private let text = #"{"a":{"b~/c":["x",{"":1.50}]},"n":9.712345E+4,"s":"0097","t":true,"deep":[[[7]]]}"#

  @Test(arguments: [
    ("/n", "9.712345E+4"), ("/s", "0097"), ("/a/b~0~1c/0", "x"), ("/a/b~0~1c/1/", "1.50"), ("/deep/0/0/0", "7"),
  ])
  func namesOneValueInItsOwnSpelling(_ pointer: String, _ value: String) throws {
    #expect(try #require(JSONPointer(pointer)).numberText(in: text.utf8) == value)
  }

  @Test func theEmptyOneIsTheWhole() throws {
    #expect(try #require(JSONPointer("")).numberText(in: " 12.5 ".utf8) == "12.5")
  }

  @Test(arguments: ["/x", "/n/0", "/a/b~0~1c/2", "/a/b~0~1c/-", "/a/b~0~1c/00", "/deep/0/0/+0", "/t", "/a", "/deep"])
  func whatIsNotThereIsSaid(_ pointer: String) throws {
    let pointer = try #require(JSONPointer(pointer))
    #expect(throws: JSONFault.self) { try pointer.numberText(in: text.utf8) }
  }

  @Test(arguments: ["n", "a/b", "/~", "/~2", "/a~"])
  func othersAreNoPointers(_ text: String) {
    #expect(JSONPointer(text) == nil)
  }

  @Test func whatIsNoJSONIsSaidWithItsPlace() throws {
    let pointer = try #require(JSONPointer("/n"))
    #expect(throws: JSONFault.malformed(offset: 5)) { try pointer.numberText(in: #"{"n":NaN}"#.utf8) }
    #expect(throws: JSONFault.self) { try pointer.numberText(in: String(repeating: "[", count: 100_000).utf8) }
    #expect(throws: JSONFault.self) { try pointer.numberText(in: #"{"n":1,"n":2}"#.utf8) }
  }
}
