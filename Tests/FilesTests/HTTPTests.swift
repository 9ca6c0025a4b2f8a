import HTTPTypes
import Testing

@testable import Files

/// What requests say of files.
@Suite struct HTTPTests {
  private static let key = "0123456789abcdef"

  @Test func namesOfPartsAreReserved() throws {
    func name(_ name: String, _ key: String, _ total: Int64) throws -> String {
      let headers: HTTPFields = [.contentRange: "bytes */\(total)", .uploadKey: key]
      return ReservedName.partial(of: name, try #require(try UploadPart(headers)))
    }
    #expect(ReservedName.isPartial(try name("a", Self.key, 5)))
    #expect(!ReservedName.isPartial(ReservedName.make()))
    #expect(try name("a", Self.key, 5) != name("b", Self.key, 5) && name("a", Self.key, 5) != name("a", Self.key, 6))
    let long = try name(String(repeating: "x", count: 255), String(repeating: "k", count: 64), .max)
    #expect(long.utf8.count <= 255)
    #expect(ReservedName.isReserved(long))
  }

  @Test func datesAreWrittenAndRead() {
    #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    #expect(HTTPDate.format(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    for second in stride(from: Int64(0), to: 4_102_444_800, by: 86_399 * 17) {
      #expect(HTTPDate.parse(HTTPDate.format(second)) == second)
    }
    #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT", now: 1_795_000_000) == 784_111_777)
    #expect(HTTPDate.parse("Monday, 01-Jan-40 00:00:00 GMT", now: 1_795_000_000) == 2_208_988_800)
    #expect(HTTPDate.parse("Sun Nov  6 08:49:37 1994") == 784_111_777)
    #expect(HTTPDate.parse("Sun Nov 16 08:49:37 1994") == 784_975_777)
    for text in [
      "", "Sun, 06 Nov 1994", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "1 2 3 4 5",
    ] {
      #expect(HTTPDate.parse(text) == nil)
    }
  }

  @Test(arguments: [
    ("bytes=0-3", ByteRange.part(0..<4)), ("bytes=8-", .part(8..<10)), ("bytes=-3", .part(7..<10)),
    ("bytes=5-99999999999999999999", .part(5..<10)), ("bytes=0-1,2-3", .part(0..<4)), ("bytes=0-1,8-9", .whole),
    ("bytes=3-1", .whole), ("lines=1-2", .whole), ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
  ])
  func rangesAreRead(header: String, range: ByteRange) {
    #expect(ByteRange(header: header, length: 10) == range)
  }

  @Test func aMediaTypeThatRunsIsNotShown() {
    #expect(!MediaType(fileName: "a.HTML").isShown)
    #expect(!MediaType(fileName: "a").isShown)
    #expect(MediaType(fileName: "a.b.PNG").isShown)
  }
}
