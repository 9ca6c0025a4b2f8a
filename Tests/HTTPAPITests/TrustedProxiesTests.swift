import HTTPTypes
import L402
import Testing

@testable import HTTPAPI

@Suite struct TrustedProxiesTests {
  private let lan = TrustedProxies([AddressRange("10.0.0.0/8"), AddressRange("::1")].compactMap { $0 })

  @Test func nobodyIsBelievedUnlessConfigured() {
    #expect(TrustedProxies.none.client(peer: "10.0.0.1", lines: ["203.0.113.7"]).text == "10.0.0.1")
    #expect(lan.client(peer: "198.51.100.1", lines: ["203.0.113.7"]).text == "198.51.100.1")
  }

  @Test func aProxySaysUnderWhichNameItWasAsked() throws {
    let host = try #require(HTTPField.Name("X-Forwarded-Host"))
    let headers: HTTPFields = [
      host: "rent.example, two.example:8443", .forwarded: "for=1.2.3.4;host=\"three.example\"",
    ]
    #expect(lan.hosts(peer: "10.0.0.1", headers: headers) == ["rent.example", "two.example:8443"])
    #expect(lan.hosts(peer: "198.51.100.1", headers: headers).isEmpty)
    #expect(TrustedProxies.none.hosts(peer: "10.0.0.1", headers: headers).isEmpty)
    #expect(TrustedProxies(lan.ranges, header: .forwarded).hosts(peer: "::1", headers: headers) == ["three.example"])
  }

  @Test func theLastHopThatIsNoProxyIsTheClient() {
    #expect(lan.client(peer: "10.0.0.1", lines: ["203.0.113.7"]).text == "203.0.113.7")
    // What the client wrote itself stands to the left and is not reached.
    #expect(lan.client(peer: "10.0.0.1", lines: ["1.2.3.4, 203.0.113.7, 10.0.0.2"]).text == "203.0.113.7")
    #expect(lan.client(peer: "10.0.0.1", lines: ["1.2.3.4", "203.0.113.7"]).text == "203.0.113.7")
    #expect(lan.client(peer: "::1", lines: ["203.0.113.7:4711"]).text == "203.0.113.7")
    #expect(lan.client(peer: "::1", lines: ["[2001:db8::1]:4711"]).address == IPAddress("2001:db8::1"))
    #expect(lan.client(peer: "::1", lines: ["2001:db8::1"]).address == IPAddress("2001:db8::1"))
  }

  @Test func whatCannotBeReadEndsTheSearch() {
    #expect(lan.client(peer: "10.0.0.1", lines: ["203.0.113.7, unknown"]).text == "10.0.0.1")
    #expect(lan.client(peer: "10.0.0.1", lines: []).text == "10.0.0.1")
    #expect(lan.client(peer: nil, lines: ["203.0.113.7"]).address == nil)
  }

  @Test func forwardedIsReadWhenItIsTheirs() {
    var proxies = lan
    proxies.header = .forwarded
    #expect(
      proxies.client(peer: "10.0.0.1", lines: ["for=1.2.3.4, proto=https;For=\"[2001:db8::1]:80\""]).address
        == IPAddress("2001:db8::1"))
    #expect(proxies.client(peer: "10.0.0.1", lines: ["proto=https"]).text == "10.0.0.1")
  }
}
