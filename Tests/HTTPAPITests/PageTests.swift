import Testing

@testable import HTTPAPI

@Suite struct PageTests {
  @Test func everythingIsEscaped() {
    #expect(Page.escaped("<script>\"'&</script>") == "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;")
    let page = Page(title: "<b>", base: "\"><script>", offers: [], network: "<i>").text
    #expect(!page.contains("<b>") && !page.contains("<script>") && !page.contains("<i>"))
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
