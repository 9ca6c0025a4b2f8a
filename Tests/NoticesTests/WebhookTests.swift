import L402
import Macaroons
import Testing

@testable import Notices

@Suite struct WebhookTests {
  /// The example of the Standard Webhooks specification.
  @Test func theSignatureIsAsPublished() throws {
    let secret = try #require(WebhookSecret("whsec_plJ3nmyCDGBKInavdOK15jsl"))
    let headers = secret.headers(
      id: "msg_loFOjxBNrRLzqYUf", timestamp: 1_731_705_121,
      body: Array(#"{"event_type":"ping","data":{"success":true}}"#.utf8))
    #expect(
      headers.map { "\($0.name): \($0.value)" } == [
        "webhook-id: msg_loFOjxBNrRLzqYUf", "webhook-timestamp: 1731705121",
        "webhook-signature: v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
      ])
  }

  @Test func aSecretIsReadAsItIsWritten() throws {
    let secret = WebhookSecret(Bytes32.random())
    #expect(WebhookSecret(secret.text)?.text == secret.text)
    #expect(WebhookSecret(String(secret.text.dropFirst(6)))?.text == secret.text)
    for text in ["", "whsec_", "whsec_AAAA", "whsec_%%%", "whsec_" + String(repeating: "A", count: 88)] {
      #expect(WebhookSecret(text) == nil, "\(text)")
    }
    #expect(!"\(secret) \(String(reflecting: secret))".contains(secret.text.dropFirst(6)))
  }

  @Test(arguments: [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.8.9.10", "169.254.169.254", "172.31.255.255", "192.168.0.1",
    "192.0.0.170", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "fc00::1", "fd12::1", "fe80::1",
    "fec0::1", "ff02::1", "2001:db8::1", "100::1",
  ])
  func whatIsNotPublicIsRefused(_ text: String) throws {
    #expect(ReachableAddresses().refusal(of: try #require(IPAddress(text))) != nil)
  }

  @Test(arguments: ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"])
  func whatIsPublicIsReached(_ text: String) throws {
    #expect(ReachableAddresses().refusal(of: try #require(IPAddress(text))) == nil)
  }

  @Test func theProviderMayAllowMore() throws {
    let allowing = ReachableAddresses(allowing: [try #require(AddressRange("10.0.0.0/24"))])
    #expect(allowing.refusal(of: try #require(IPAddress("10.0.0.7"))) == nil)
    #expect(allowing.refusal(of: try #require(IPAddress("10.0.1.7"))) == "private")
    #expect(allowing.refusal(of: try #require(IPAddress("::ffff:10.0.0.7"))) == nil)
  }
}
