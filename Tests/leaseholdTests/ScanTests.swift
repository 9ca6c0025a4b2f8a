import Testing

@testable import leasehold

@Suite struct ScanTests {
  /// The example of LUD-01.
  @Test func aCodeIsTheUrlInBech32() throws {
    let url =
      "https://service.com/api?q=3fc3645b439ce8e7f2553a69e5267081d96dcd340693afabe04be7b0ccd178df"
    let code = try #require(ScanCode(url, of: ""))
    #expect(
      code.lnurl
        == "LNURL1DP68GURN8GHJ7UM9WFMXJCM99E3K7MF0V9CXJ0M385EKVCENXC6R2C35XVUKXEFCV5MKVV34X5EKZD3EV56NYD3HXQURZEPEXEJXXEPNXSCRVWFNV9NXZCN9XQ6XYEFHVGCXXCMYXYMNSERXFQ5FNS"
    )
    #expect(code.address == nil)
  }

  @Test func thereIsAnAddressWhereThereIsADomain() throws {
    let path = "/.well-known/lnurlp/2dk7b8t2f9"
    #expect(ScanCode("https://rent.example" + path, of: "")?.address == "2dk7b8t2f9@rent.example")
    #expect(ScanCode("https://rent.example:8443" + path, of: "")?.address == nil)
    let local = try #require(ScanCode(path, of: "http://127.0.0.1:8402"))
    #expect(local.url == "http://127.0.0.1:8402" + path && local.address == nil)
    #expect(ScanCode(nil, of: "http://127.0.0.1:8402") == nil)
  }

  @Test func aCodeIsDrawnWhereItFits() throws {
    let code = try #require(ScanCode("https://rent.example/.well-known/lnurlp/2dk7b8t2f9", of: ""))
    #expect(code.text(columns: nil, colored: false).contains("█"))
    let narrow = code.text(columns: 20, colored: false)
    #expect(!narrow.contains("█") && narrow.contains(code.lnurl) && narrow.hasSuffix("2dk7b8t2f9@rent.example\n"))
  }
}
