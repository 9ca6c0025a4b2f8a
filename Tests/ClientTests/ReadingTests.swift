import Testing
import Text
import Units
import Wallets

@testable import Client

@Suite struct ReadingTests {
  @Test func linesAreTheSameHoweverTheBytesCome() {
    let text = Array("one\r\ntwo\n\nlast".utf8)
    for size in 1...text.count {
      var splitter = LineSplitter()
      var lines: [[UInt8]] = []
      for start in stride(from: 0, to: text.count, by: size) {
        lines += splitter.take(text[start..<min(start + size, text.count)])
      }
      if let rest = splitter.end() { lines.append(rest) }
      #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two", "", "last"])
    }
  }

  @Test func serverSentEventsAreReadAsTheSpecificationSays() {
    var reader = ServerSentEventReader()
    let events = reader.take(
      ": hello\n\nid: 7\nevent: paid\ndata: {\"a\":\ndata: 1}\nretry: 3\n\ndata:x\n\nevent: cut off\ndata: y".utf8)
    #expect(
      events == [
        ServerSentEvent(id: "7", event: "paid", data: "{\"a\":\n1}"),
        ServerSentEvent(id: "7", event: "message", data: "x"),
      ])
  }

  @Test func aMultistatusIsReadWhateverItsPrefixes() throws {
    let text = """
      <?xml version="1.0"?><!-- a > b --><D:multistatus xmlns:D="DAV:" note='a>b'>
      <D:response><D:href>/dav/x/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>
      </D:propstat></D:response>
      <response><href>/dav/x/a%20&amp;&#x62;.txt</href><propstat><prop><resourcetype/>
      <getcontentlength> 12 </getcontentlength><getetag>"e"</getetag></prop></propstat></response></D:multistatus>
      """
    let responses = try #require(MultistatusReader.read(Array(text.utf8)))
    #expect(responses.map(\.href) == ["/dav/x/", "/dav/x/a%20&b.txt"])
    #expect(responses.map(\.isFolder) == [true, false])
    #expect(responses[1].byteCount == 12)
    #expect(responses[1].etag == "\"e\"")
    #expect(MultistatusReader.read(Array("<html></html>".utf8)) == nil)
    #expect(MultistatusReader.read(Array("<multistatus".utf8)) == nil)
  }

  @Test func remoteNamesAreTakenApartAsScpDoes() throws {
    let name = try #require(RemoteName("@last:/a/./b/"))
    #expect(name.lease == "@last")
    #expect(name.path.segments == ["a", "b"])
    #expect(name.path.namesFolder)
    #expect(name.path.description == "/a/b/")
    #expect(RemoteName("a/b:c") == nil)
    #expect(RemoteName("x:../up") == nil)
    #expect(RemoteName(":x") == nil)
    #expect(RemotePath.root.appending(name: "..") == nil)
    #expect(RemotePath.root.appending(name: "a/b") == nil)
  }

  /// To a `Character` the slash and the mark behind it are one, which is no slash.
  @Test func aMarkBehindASlashDoesNotHideIt() throws {
    let mark = "\u{301}"
    #expect(RemotePath.root.appending(name: "../\(mark)x") == nil)
    #expect(RemotePath.root.appending(name: "..") == nil)
    #expect(RemotePath.root.appending(name: "") == nil)
    #expect(RemotePath("a/\(mark)../b") != nil)
    #expect(RemotePath("\(mark)/../b") == nil)
    #expect(RemotePath("a/\(mark)/..") == nil)
    #expect(RemotePath("a/\(mark)b")?.segments.count == 2)
    // Two files, to a file system.
    #expect(RemotePath("\u{e9}") != RemotePath("e\(mark)"))
    #expect(RemoteName("lease:\(mark)x")?.lease == "lease")
    let text = "<multistatus><response><href>/dav/x/a&amp;\(mark)</href></response></multistatus>"
    #expect(MultistatusReader.read(Array(text.utf8))?.first?.href.utf8.elementsEqual("/dav/x/a&\(mark)".utf8) == true)
    var reader = ServerSentEventReader()
    #expect(reader.take("data:\(mark)x\n\n".utf8).first?.data.utf8.elementsEqual("\(mark)x".utf8) == true)
  }

  @Test func percentEncodingComesBack() {
    let text = "a b/%ü?#"
    #expect(PercentCoding.encode(text) == "a%20b%2F%25%C3%BC%3F%23")
    #expect(PercentCoding.decode(PercentCoding.encode(text)) == text)
    #expect(PercentCoding.decode("%zz") == nil)
    #expect(PercentCoding.decode("%ff") == nil)
  }

  @Test func addressesAreReadStrictly() {
    #expect(ServerAddress("HTTP://Host:1/base//")?.description == "http://host:1/base")
    for text in ["", "host", "ftp://x", "http://", "http://:1", "http://u@h", "http://h/?q", "http://h x"] {
      #expect(ServerAddress(text) == nil, "\(text)")
    }
  }

  @Test func anHTTPDateIsRead() {
    #expect(HTTPDate.read("Sun, 06 Nov 1994 08:49:37 GMT") == Instant(unixSeconds: 784_111_777))
    #expect(HTTPDate.read("yesterday") == nil)
  }

  @Test func spendingsAreBoundedInAny24HoursAndReservedOnce() throws {
    let noon = Instant(unixSeconds: 1_000_000)
    let budget = Budget(perDay: 100)
    var spendings = Spendings()
    try spendings.reserve(60, for: "a", within: budget, at: noon)
    try spendings.reserve(60, for: "a", within: budget, at: noon)
    #expect(spendings.spent(at: noon) == 60)
    #expect(throws: BudgetRefusal.overDay(asked: 41, left: 40, limit: 100)) {
      try spendings.reserve(41, for: "b", within: budget, at: noon + .hour)
    }
    try spendings.reserve(100, for: "b", within: budget, at: noon + .day)
    spendings.giveBack("b")
    #expect(spendings.spent(at: noon + .day) == 0)
  }

  @Test func aCredentialNeverShowsItself() throws {
    let text = "\(ClientError.wallet(.uncertain("x")))"
    #expect(!text.isEmpty)
    #expect(Credential("L402 AAAA:00") == nil)
  }
}
