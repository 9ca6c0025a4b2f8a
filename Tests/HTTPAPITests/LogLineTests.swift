import Testing

@testable import HTTPAPI

@Suite struct LogLineTests {
  @Test func aLogLineNamesTheLeaseAndNothingBehindIt() {
    let lease = "01jdxyz0000000000000000000"
    #expect(HTTPAPI.lease(in: "/v1/leases/\(lease)/usage")?.description == lease)
    #expect(HTTPAPI.lease(in: "/dav/\(lease)/a/b/c/d/e")?.description == lease)
    #expect(HTTPAPI.lease(in: "/v1/offers/disk") == nil)
    #expect(HTTPAPI.lease(in: "/dav/a/b/c/\(lease)") == nil)
  }

  @Test func everythingIsEscaped() {
    #expect(Markup.escaped("<script>\"'&</script>") == "&lt;script&gt;&quot;&#39;&amp;&lt;/script&gt;")
  }
}
