import Testing

@testable import Networks

func range(_ text: String) -> IPv4Range {
  guard let range = IPv4Range(text) else { preconditionFailure("\(text) is no block") }
  return range
}

func address(_ text: String) -> IPv4Address {
  guard let address = IPv4Address(text) else { preconditionFailure("\(text) is no address") }
  return address
}

@Suite struct AddressPlanTests {
  private let plan = AddressPlan(instance: "0123456789abcdef", range: range("10.213.0.0/16"))

  @Test func twoAddressesAndAName() throws {
    let home = try #require(plan.home(0x1a2b))
    #expect(home.interface == "lh01234567-1a2b")
    // IFNAMSIZ.
    #expect(home.interface.utf8.count <= 15)
    #expect(home.host.description == "10.213.52.86")
    #expect(home.lease.description == "10.213.52.87")
  }

  @Test func noTwoSlotsShareAnything() throws {
    let homes = try (0..<plan.capacity).map { try #require(plan.home($0)) }
    #expect(homes.count == 32_768)
    #expect(Set(homes.flatMap { [$0.host, $0.lease] }).count == 65_536)
    #expect(Set(homes.map(\.interface)).count == homes.count)
    #expect(homes.allSatisfy { plan.range.contains($0.host) && plan.range.contains($0.lease) })
  }

  @Test func noneBeyondTheRange() {
    #expect(plan.home(32_768) == nil)
    #expect(plan.home(-1) == nil)
    #expect(AddressPlan(instance: "a", range: range("10.0.0.0/8")).capacity == 65_536)
    #expect(AddressPlan(instance: "a", range: range("10.0.0.0/30")).home(1)?.lease.description == "10.0.0.3")
  }

  @Test func aNameLeadsBackToItsSlotAndNoOther() {
    #expect(plan.home(named: "lh01234567-1a2b") == plan.home(0x1a2b))
    for name in [
      "lh01234567-01a2b", "lh01234567-1A2B", "lh01234567-", "lh01234567-+1", "lh01234568-1", "eth0", "lh01234567-ffff",
      "lh01234567-1/../2",
    ] {
      #expect(plan.home(named: name) == nil, "\(name)")
    }
  }

  @Test func addressesAndBlocks() {
    #expect(IPv4Address("1.2.3.4")?.bits == 0x0102_0304)
    for text in ["1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.", "a.b.c.d", "+1.2.3.4", ""] {
      #expect(IPv4Address(text) == nil, "\(text)")
    }
    #expect(IPv4Range("10.0.0.0/8")?.description == "10.0.0.0/8")
    #expect(IPv4Range("9.9.9.9")?.description == "9.9.9.9")
    #expect(IPv4Range("0.0.0.0/0")?.contains(address("8.8.8.8")) == true)
    for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "/8"] {
      #expect(IPv4Range(text) == nil, "\(text)")
    }
    let block = range("10.1.0.0/16")
    #expect(block.overlaps(range("10.1.2.0/24")))
    #expect(block.overlaps(range("10.0.0.0/8")))
    #expect(!block.overlaps(range("10.2.0.0/16")))
  }

  @Test func countersOfInterfaces() {
    let text = """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
          lo:       1       2    0    0    0     0          0         0        3       4    0    0    0     0       0          0
      lh01234567-1a2b: 9007199254740993 7 0 0 0 0 0 0 5 6 0 0 0 0 0 0
      broken: 1 2
      """
    let found = InterfaceCounters.all(in: text)
    #expect(found.count == 2)
    #expect(found["lh01234567-1a2b"] == InterfaceCounters(received: 9_007_199_254_740_993, sent: 5))
  }

  @Test func routesOfTheHost() {
    let text = """
      Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
      eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
      lh01234567-0\t0000D50A\t00000000\t0001\t0\t0\t0\tFEFFFFFF\t0\t0\t0
      """
    let routes = HostRoute.all(in: text)
    #expect(routes.map { "\($0.interface) \($0.range)" } == ["eth0 0.0.0.0/0", "lh01234567-0 10.213.0.0/31"])
    #expect(routes.map { $0.isOurs(plan) } == [false, true])
  }

  @Test func aLimitLetsLargePacketsThrough() {
    #expect(
      Bandwidth(bits: 8_000_000).arguments(for: "x").joined(separator: " ")
        == "qdisc replace dev x root tbf rate 8000000bit burst 16384 latency 100ms")
    #expect(Bandwidth(bits: 1_000_000_000).burst == 1_250_000)
    #expect(Bandwidth(bits: 0).bits == 64_000)
  }
}
