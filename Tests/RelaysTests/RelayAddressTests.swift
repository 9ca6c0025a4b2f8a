import Testing

@testable import Relays

@Suite struct RelayAddressTests {
  @Test func whatIsAnAddressOfARelay() throws {
    for (text, host, port, target, shown) in [
      ("wss://relay.example", "relay.example", 443, "/", "wss://relay.example"),
      ("WSS://Relay.Example/v1?key=1", "relay.example", 443, "/v1?key=1", "wss://relay.example"),
      ("wss://relay.example?key=1", "relay.example", 443, "/?key=1", "wss://relay.example"),
      ("ws://127.0.0.1:7447", "127.0.0.1", 7447, "/", "ws://127.0.0.1:7447"),
      ("ws://[::1]:80/", "::1", 80, "/", "ws://[::1]"),
    ] {
      let address = try #require(RelayAddress(text))
      #expect(address.host == host && address.port == port && address.target == target)
      #expect("\(address)" == shown, "what may be secret is not shown")
    }
  }

  @Test(arguments: [
    "", "https://relay.example", "wss://", "wss://a b", "wss://user@relay.example", "wss://relay.example:0",
    "wss://relay.example:65536", "wss://relay.example:x", "wss://[::1", "wss://[x]", "wss://a#b", "wss://a/\\b",
    "wss://relay.example/\r\nHost: else", "wss://é.example",
    "wss://" + String(repeating: "a", count: 254), "wss://a/" + String(repeating: "a", count: 512),
  ]) func whatIsNone(_ text: String) { #expect(RelayAddress(text) == nil) }
}
