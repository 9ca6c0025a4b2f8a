/// The one table of the host's packet filter (nftables) that is ours, written whole from what there is: what leases may send
/// and be sent.
///
/// Whatever has an interface of ours and no rule is shut in: each chain ends by refusing what comes from our interfaces or
/// goes to them.
public struct NetworkRules: Hashable, Sendable {
  public var plan: AddressPlan
  /// Whoever may send and receive.
  public var homes: [NetworkHome]
  /// Name servers: they may be asked, wherever they are.
  public var resolvers: [IPv4Address]
  /// Not reached either, beside what is nobody's business anyway.
  public var closed: [IPv4Range]
  /// Connections that a lease may have under way at once: the kernel's table of them is everybody's.
  public var flows: Int
  /// And all leases together, so that the host keeps the rest of that table.
  public var allFlows: Int

  public init(
    plan: AddressPlan, homes: [NetworkHome], resolvers: [IPv4Address] = [], closed: [IPv4Range] = [],
    flows: Int = 4_096, allFlows: Int = 32_768
  ) {
    self.plan = plan
    self.homes = homes
    self.resolvers = resolvers
    self.closed = closed
    self.flows = flows
    self.allFlows = allFlows
  }

  /// The blocks of the IANA registries that are not the world (RFC 6890): the provider's own networks, shared ones (CGNAT),
  /// link-local ones with their metadata services, loopback, multicast.
  public static let notTheWorld: [IPv4Range] = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4",
  ].map { text in
    guard let range = IPv4Range(text) else { preconditionFailure("\(text) is a block") }
    return range
  }

  /// Input of `nft -f`, which does all of it or nothing. With no homes the table goes.
  ///
  /// Connections are counted in sets that stay when the rest is written anew.
  public var text: String {
    let table = "table inet \(plan.table)"
    // Named first: what is emptied or deleted must be there.
    let declared =
      "\(table) {\n\(sets(isFilled: false))\(chains.map { "  chain \($0.name) {\($0.hook)\n  }\n" }.joined())}\n"
    guard !homes.isEmpty else { return declared + "delete \(table)\n" }
    let emptied = (["flush \(table)"] + ["homes", "resolvers", "closed"].map { "flush set inet \(plan.table) \($0)" })
      .joined(separator: "\n")
    let filled = chains.map { chain in
      "  chain \(chain.name) {\(chain.hook)\n" + chain.rules.map { "    \($0)\n" }.joined() + "  }\n"
    }
    return "\(declared)\(emptied)\n\(table) {\n\(sets(isFilled: true))\(filled.joined())}\n"
  }

  private func sets(isFilled: Bool) -> String {
    func elements(_ all: [String]) -> String {
      isFilled && !all.isEmpty ? "    elements = { \(all.joined(separator: ", ")) }\n" : ""
    }
    return """
        set homes {
          type ifname . ipv4_addr
      \(elements(homes.map { "\"\($0.interface)\" . \($0.lease)" }))  }
        set resolvers {
          type ipv4_addr
      \(elements(resolvers.map(\.description)))  }
        set closed {
          type ipv4_addr
          flags interval
          auto-merge
      \(elements((Self.notTheWorld + [plan.range] + closed).map(\.description)))  }
        set flows {
          type ipv4_addr
          size \(AddressPlan.mostSlots)
          flags dynamic
        }
        set shares {
          type inet_service
          size \(Self.shares + 1)
          flags dynamic
        }

      """
  }

  private struct Chain {
    var name: String
    var hook = ""
    var rules: [String]

    init(_ name: String, _ hook: String, _ rules: [String]) {
      self.name = name
      if !hook.isEmpty { self.hook = "\n    type \(hook); policy accept;" }
      self.rules = rules
    }
  }

  /// Parts in which the connections of all leases are counted, by their source ports: the kernel goes through a whole list
  /// of those it counts when one is added. What has no ports has a part for itself.
  private static let shares = 64

  /// Each lease's own bound comes first: what it is refused is not on the list of all.
  private var counts: [String] {
    let share = max(1, allFlows / (Self.shares + 1))
    return [
      "ct state new add @flows { ip saddr ct count over \(flows) } drop",
      "ct state new meta l4proto { tcp, udp } add @shares { th sport & \(Self.shares - 1) ct count over \(share) } drop",
      "ct state new meta l4proto != { tcp, udp } add @shares { \(Self.shares) ct count over \(share) } drop",
    ]
  }

  private var chains: [Chain] {
    let ours = "\"\(plan.prefix)*\""
    let asks = "ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept"
    return [
      // Before connections are known and addresses translated: nobody speaks in another's name.
      Chain(
        "arriving", "filter hook prerouting priority raw - 10",
        [
          "iifname != \(ours) accept",
          "meta nfproto != ipv4 drop",
          "iifname . ip saddr != @homes drop",
        ]),
      // To the host itself, whatever its addresses are.
      Chain(
        "entering", "filter hook input priority filter - 10",
        ["iifname != \(ours) accept"] + counts + [asks, "drop"]),
      Chain(
        "passing", "filter hook forward priority filter - 10",
        [
          "iifname \(ours) oifname \(ours) drop",
          "iifname \(ours) goto outwards",
          "oifname \(ours) ct state established,related accept",
          "oifname \(ours) drop",
        ]),
      Chain("outwards", "", counts + [asks, "ip daddr @closed drop", "accept"]),
      // From the host itself: answers of a name server on it, and what goes wrong on the way.
      Chain(
        "leaving", "filter hook output priority filter - 10",
        ["oifname != \(ours) accept", "ct state established,related accept", "drop"]),
      Chain(
        "renaming", "nat hook postrouting priority srcnat",
        ["ip saddr \(plan.range) oifname != \(ours) masquerade"]),
    ]
  }
}
