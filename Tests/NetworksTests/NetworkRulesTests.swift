import Testing

@testable import Networks

/// What the rules say; that the kernel does it is shown by `ComputeNetworkTests` in `Tests/DriversTests`.
@Suite struct NetworkRulesTests {
  private let plan = AddressPlan(instance: "0123456789abcdef", range: range("10.213.0.0/16"))

  private func rules(_ slots: [Int]) -> NetworkRules {
    NetworkRules(
      plan: plan, homes: slots.compactMap(plan.home), resolvers: [address("10.9.9.9")],
      closed: [range("8.0.0.0/24")], flows: 7, allFlows: 6_500)
  }

  @Test func nothingIsLeftWithTheLastLease() {
    let text = rules([]).text
    #expect(text.hasSuffix("delete table inet leasehold_01234567\n"))
    #expect(!text.contains("drop"))
  }

  @Test func onlyOurTableIsNamed() {
    for slots in [[], [0, 5]] {
      for line in rules(slots).text.split(separator: "\n") where line.contains("table") || line.contains("flush") {
        #expect(line.contains("inet leasehold_01234567"), "\(line)")
      }
    }
  }

  @Test func eachSpeaksInItsOwnName() {
    let text = rules([0, 5]).text
    #expect(text.contains(#"elements = { "lh01234567-0" . 10.213.0.1, "lh01234567-5" . 10.213.0.11 }"#))
    #expect(text.contains("iifname . ip saddr != @homes drop"))
  }

  @Test func whatIsNotTheWorldIsClosed() {
    let text = rules([0]).text
    for block in [
      "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4",
      "240.0.0.0/4", "10.213.0.0/16", "8.0.0.0/24",
    ] {
      #expect(text.contains(block), "\(block)")
    }
    #expect(text.contains("ct count over 7"))
  }

  /// Of what goes to the host and of what goes out; each lease's own bound first.
  @Test func allLeasesTogetherHaveABound() {
    let lines = rules([0]).text.split(separator: "\n").map(String.init)
    let own = lines.indices.filter { lines[$0].contains("ct count over 7") }
    #expect(own.count == 2)
    for index in own {
      #expect(lines[index + 1].contains("l4proto { tcp, udp } add @shares { th sport & 63 ct count over 100 } drop"))
      #expect(lines[index + 2].contains("l4proto != { tcp, udp } add @shares { 64 ct count over 100 } drop"))
    }
    #expect(!rules([0]).text.contains("flush set inet leasehold_01234567 shares"))
  }

  /// A chain per line pair: nft reads `};` behind a chain of one line as an error.
  @Test func noChainStandsOnOneLine() {
    for line in rules([0]).text.split(separator: "\n") where line.contains("chain") {
      #expect(line.hasSuffix("{"), "\(line)")
    }
  }
}
