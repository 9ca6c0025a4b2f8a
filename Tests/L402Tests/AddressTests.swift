import Testing

@testable import L402

@Suite struct AddressTests {
  @Test(arguments: [
    "0.0.0.0", "255.255.255.255", "::", "::1", "1::", "2001:db8::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4",
    "64:ff9b::192.0.2.33", "1:2:3:4:5:6:1.2.3.4", "ABCD::abcd", "1::8", "1:2:3:4:5:6:7::",
  ])
  func read(text: String) {
    #expect(IPAddress(text) != nil)
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3", "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-4",
    ":", ":::", "1:::2", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1%eth0", "[::1]",
    "12345::", "g::", "1.2.3.4::", "::1.2.3.4:5", ":1::", "1:2:3:4:5:6:7:", "::1.2.3", "1::2:", "localhost",
  ])
  func refused(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test func spellingsOfOneAddressAreEqual() {
    #expect(IPAddress("2001:db8::1") == IPAddress("2001:0DB8:0:0:0:0:0:1"))
    #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
    #expect(IPAddress("::ffff:c000:201") == IPAddress("192.0.2.1"))
    #expect(IPAddress("::192.0.2.1") != IPAddress("192.0.2.1"))
  }

  @Test(arguments: [
    ("203.0.113.0/24", "203.0.113.255", true), ("203.0.113.0/24", "203.0.114.0", false),
    ("203.0.113.77/24", "203.0.113.1", true), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::1", false),
    ("::/0", "8.8.8.8", false), ("::/0", "fe80::1", true), ("10.0.0.1", "10.0.0.1", true),
    ("10.0.0.1", "10.0.0.2", false), ("10.0.0.1/32", "10.0.0.1", true), ("2001:db8::/33", "2001:db8:7fff::", true),
    ("2001:db8::/33", "2001:db8:8000::", false), ("2001:db8::1/128", "2001:db8::2", false),
  ])
  func ranges(range: String, address: String, within: Bool) throws {
    #expect(try #require(AddressRange(range)).contains(try #require(IPAddress(address))) == within)
  }

  @Test(arguments: ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "::/129", "10.0.0.0/8/8", "::ffff:1.2.3.4/96"])
  func refusedRanges(text: String) {
    #expect(AddressRange(text) == nil)
  }

  @Test func rangesInRanges() throws {
    func range(_ text: String) throws -> AddressRange { try #require(AddressRange(text)) }
    #expect(try range("10.0.0.0/8").contains(range("10.1.0.0/16")))
    #expect(try range("10.0.0.0/8").contains(range("10.0.0.0/8")))
    #expect(try !range("10.0.0.0/8").contains(range("10.0.0.0/7")))
    #expect(try !range("10.0.0.0/8").contains(range("11.0.0.0/16")))
    #expect(try !range("::/0").contains(range("10.0.0.0/16")))
  }
}

@Suite struct AddressTextTests {
  @Test(arguments: [
    "0.0.0.0", "203.0.113.9", "::", "::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "1::2:0:0:3:4", "fe80::",
  ])
  func isWhatWasRead(text: String) {
    #expect(IPAddress(text)?.description == text)
  }

  @Test func theLongestRunOfZerosIsShortened() {
    #expect(IPAddress("2001:0:0:1:0:0:0:1")?.description == "2001:0:0:1::1")
    #expect(IPAddress("2001:db8:0:0:1:0:0:1")?.description == "2001:db8::1:0:0:1")
    #expect(IPAddress("::ffff:192.0.2.1")?.description == "192.0.2.1")
    #expect(AddressRange("10.0.0.0/8")?.description == "10.0.0.0/8")
    #expect(AddressRange("::1")?.description == "::1")
  }
}
