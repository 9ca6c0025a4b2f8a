import Testing

@testable import HTTPAPI

@Suite struct PageTests {
  @Test func everythingIsEscaped() {
    #expect(Page.escaped("<script>\"'&</script>") == "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;")
    let page = Page(title: "<b>", base: "\"><script>", offers: [], network: "<i>").text
    #expect(!page.contains("<b>"))
    #expect(!page.contains("<script>"))
    #expect(!page.contains("<i>"))
  }

  @Test func theCommandsNameWhereTheReaderHasFoundUs() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let page = try await door.ask(.get, "/").text
        #expect(page.contains("curl -si http://127.0.0.1/v1/leases"))

      }
    }
  }

  @Test func aLogLineNamesTheLeaseAndNothingBehindIt() {
    let lease = "01jdxyz0000000000000000000"
    #expect(HTTPAPI.lease(in: "/v1/leases/\(lease)/usage")?.description == lease)
    #expect(HTTPAPI.lease(in: "/dav/\(lease)/a/b/c/d/e")?.description == lease)
    #expect(HTTPAPI.lease(in: "/v1/offers/disk") == nil)
    #expect(HTTPAPI.lease(in: "/dav/a/b/c/\(lease)") == nil)
  }

  @Test func sizesAndSpansForPeople() {
    #expect(Page.bytes(1 << 30) == "1 GiB")
    #expect(Page.bytes(1_610_612_736) == "1.5 GiB")
    #expect(Page.bytes(512) == "512 B")
    #expect(Page.cores(1_000) == "1 core")
    #expect(Page.cores(250) == "0.25 cores")
    #expect(Page.span(3_600) == "hour")
    #expect(Page.span(7_200) == "2 hours")
    #expect(Page.span(90) == "90 seconds")
  }
}
