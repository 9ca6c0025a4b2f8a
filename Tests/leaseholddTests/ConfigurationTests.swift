import Drivers
import Engine
import Foundation
import Leasing
import Nostr
import Testing
import Units

@testable import leaseholdd

/// What a provider may write, and what stops the start with the line it stands in.
@Suite struct ConfigurationTests {
  static let good = """
    http:
      address: 127.0.0.1:8402
    state_directory: /var/lib/leasehold
    database:
      url: postgresql:///leasehold
    lightning:
      node: embedded
    hosts:
      - name: here
        disk:
          pool: /var/lib/leasehold/pool
          size: 8589934592
        subid_base: 1000000
    offers:
      - id: disk-1g-day
        kind: disk
        period_seconds: 86_400
        price_msat: 20000
        resources:
          disk_bytes: 1073741824
        max_periods: 30
    """

  private func read(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
    try Configuration(YAMLReader(file: "leasehold.yaml", text: text, environment: environment))
  }

  @Test func whatIsLeftOutHasItsDefault() throws {
    let configuration = try read(Self.good)
    let offer = try #require(configuration.offers.first)
    #expect(configuration.http.port == 8402)
    #expect(configuration.http.isLoopback)
    #expect(configuration.database.connections == 8)
    #expect(offer.title == "disk-1g-day")
    #expect(offer.terms.maxPeriods == 30)
    #expect(offer.terms.policy == .standard(period: .day))
    #expect(configuration.limits.mintsPerMinutePerClient == 60)
    #expect(configuration.limits.nodeOutage == 600)
    #expect(try read(Self.good + "\nlimits:\n  node_outage_seconds: 21_600").limits.nodeOutage == 21_600)
    #expect(configuration.logFormat == .text)
  }

  @Test func mailIsSentOnlyWhereItsLinksAreKnown() throws {
    let mail =
      "\nnotices:\n  sendmail: /usr/sbin/sendmail\n  email_from: rent@example.com\n  webhook_allow: [10.0.0.0/8]"
    let located = Self.good.replacing(
      "address: 127.0.0.1:8402", with: "address: 127.0.0.1:8402\n  public_url: https://rent.example")
    #expect(try channels(located + mail) == [.webhook, .email, .nostr])
    #expect(try channels(Self.good) == [.webhook])
    for text in [
      Self.good + mail, located + mail.replacing("/usr/sbin/", with: ""), located + mail.replacing("rent@", with: ""),
      located + mail.replacing("10.0.0.0/8", with: "everything"),
    ] {
      #expect(throws: ConfigurationFault.self) { try read(text) }
    }
  }

  private func channels(_ text: String) throws -> [ContactRecord.Channel] {
    try read(text).notices.messengers(of: "P", signedBy: .random()).map(\.channel)
  }

  @Test func messagesOverNostrNeedALinkToUsToo() throws {
    let located = Self.good.replacing(
      "address: 127.0.0.1:8402", with: "address: 127.0.0.1:8402\n  public_url: https://rent.example")
    let named = "\nnotices:\n  nostr_relays: [wss://a.example, wss://b.example/path]\n  nostr_allow: [10.0.0.0/8]"
    #expect(try channels(located) == [.webhook, .nostr])
    #expect(try channels(located + "\nnotices:\n  nostr: false") == [.webhook])
    #expect(try channels(Self.good + named) == [.webhook])
    #expect(try read(located + named).notices.nostr?.relays == ["wss://a.example", "wss://b.example/path"])
    for text in [
      Self.good + "\nnotices:\n  nostr: true", located + named.replacing("wss://a", with: "https://a"),
      located + named.replacing("10.0.0.0/8", with: "everything"),
      located + "\nnotices:\n  nostr_relays: [wss://a.example, wss://b.example, wss://c.example, wss://d.example]",
    ] {
      #expect(throws: ConfigurationFault.self) { try read(text) }
    }
  }

  @Test func anOfferSaysWhatItTakesAndLendsAtTheLeastAndMost() throws {
    let text = Self.good.replacing(
      "max_periods: 30", with: "max_periods: 30\n    minimum_msat: 20000\n    debt_limit_msat: 5")
    let terms = try #require(try read(text).offers.first?.terms)
    #expect(terms.minimum == 20_000)
    #expect(terms.debtLimit == 5)
    #expect(terms.mostDebt == 5)
    let plain = try #require(try read(Self.good).offers.first?.terms)
    #expect(plain.minimum == nil)
    #expect(plain.mostDebt == plain.price)
    #expect(throws: ConfigurationFault.self) {
      try read(text.replacing("minimum_msat: 20000", with: "minimum_msat: 20001"))
    }
    #expect(throws: ConfigurationFault.self) {
      try read(text.replacing("debt_limit_msat: 5", with: "debt_limit_msat: 0"))
    }
  }

  /// Containers that reach the world.
  private static let boxes =
    good.replacing("    subid_base", with: "    compute: {network: {resolvers: [9.9.9.9]}}\n    subid_base") + """

        - id: box
          kind: compute
          period_seconds: 3600
          price_msat: 1000
          resources: {cpu_millis: 500, memory_bytes: 67108864, pids: 64, disk_bytes: 67108864}
          images: [small]
          network: outbound
          bandwidth_bits: 8_000_000
      images:
        - {name: small, path: /nowhere}
      """

  @Test func anOfferMayReachTheWorld() throws {
    let text = Self.boxes
    let offers = try YAMLReader(file: "leasehold.yaml", text: text, environment: [:])["offers"]
    let offer = try Offer(try #require(try offers.items.last))
    #expect(offer.terms.network == ContainerNetwork(.outbound, bandwidthBits: 8_000_000))
    func refused(_ old: String, _ new: String) throws {
      let offers = try YAMLReader(file: "leasehold.yaml", text: text.replacing(old, with: new), environment: [:])[
        "offers"]
      #expect(throws: ConfigurationFault.self) { _ = try offers.items.map { try Offer($0) } }
    }
    try refused("network: outbound", "network: private")
    try refused("network: outbound", "network: none")
    try refused("bandwidth_bits: 8_000_000", "bandwidth_bits: 1000")
    try refused("max_periods: 30", "max_periods: 30\n    network: outbound")
    func settings(_ network: String) throws -> NetworkSettings {
      let text = "network: \(network)"
      return try NetworkSettings(
        YAMLReader(file: "leasehold.yaml", text: text, environment: [:])["network"], uidBase: 1_000_000)
    }
    let set = try settings("{resolvers: [9.9.9.9], range: 10.9.0.0/16, closed: [8.8.8.0/24], connections: 100}")
    #expect(
      "\(set.range) \(set.resolvers) \(set.closed) \(set.flows) \(set.uidBase)"
        == "10.9.0.0/16 [9.9.9.9] [8.8.8.0/24] 100 1000000")
    for text in [
      "{resolvers: [127.0.0.53]}", "{resolvers: [name.example]}", "{range: 10.9.0.1/16}", "{range: 10.0.0.0/31}",
      "{closed: [everything]}", "{connections: 1}", "{resolvers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]}", "{dns: 1}",
    ] {
      #expect(throws: ConfigurationFault.self, "\(text)") { try settings(text) }
    }
  }

  /// Places are the host's: its disks take them too. 8 disks, what the containers may be, and a step of 64.
  @Test func aRangeHasRoomForWhatIsSold() throws {
    let image = FileManager.default.temporaryDirectory.path + "/leasehold-image-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: image, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: image) }  // Left over, it harms nobody.
    try Data(#"{"digest": "sha256:0"}"#.utf8).write(to: URL(fileURLWithPath: image + "/image.json"))
    let containers = "runtime: runc, cpu_millis: 20_000, memory_bytes: 1_000_000_000_000, disk_bytes: 1_000_000_000_000"
    func text(_ range: String, cpu: Int = 500) -> String {
      Self.boxes.replacing("{network: {resolvers", with: "{\(containers), network: {range: \(range), resolvers")
        .replacing("cpu_millis: 500", with: "cpu_millis: \(cpu)")
        .replacing("/nowhere", with: image)
    }
    func said(_ text: String) -> String? {
      do {
        _ = try read(text)
        return nil
      } catch {
        return "\(error)"
      }
    }
    // 40 containers.
    #expect(said(text("10.9.0.0/24")) == nil)
    #expect(try #require(said(text("10.9.0.0/25"))).contains("addresses for 64 leases, and 112 places"))
    // 200 of them.
    #expect(try #require(said(text("10.9.0.0/24", cpu: 100))).contains("name a larger block"))
    #expect(said(text("10.9.0.0/22", cpu: 100)) == nil)
    // Nobody has an address: none is needed.
    #expect(
      said(
        text("10.9.0.0/25").replacing("network: outbound", with: "").replacing("bandwidth_bits: 8_000_000", with: ""))
        == nil)
  }

  @Test func timesAreWrittenAsPeopleDo() throws {
    let text = Self.good.replacing("period_seconds: 86_400", with: "period: 1d")
      .replacing(
        "max_periods: 30", with: "max_periods: 30\n    policy: {lead: 2h, grace_seconds: 60, retention: 2d 12h}")
    let terms = try #require(try read(text + "\nlimits: {node_outage: 6h}").offers.first?.terms)
    #expect(terms.period == .day)
    #expect(terms.policy.lead == 7_200)
    #expect(terms.policy.grace == 60)
    #expect(terms.policy.retention == 216_000)
    #expect(try read(text + "\nlimits: {node_outage: 6h}").limits.nodeOutage == 21_600)
    #expect(
      try read(Self.good, ["LEASEHOLD_LIMITS_NODE_OUTAGE": "2h"]).limits.nodeOutage == 7_200, "and in the environment")
  }

  @Test func rentersAreToldWhereWeAre() throws {
    let text = Self.good.replacing("http:\n", with: "http:\n  public_url: https://rent.example/shop/\n  title: Rent\n")
    #expect(try read(text).http.publicURL == "https://rent.example/shop" && read(text).http.title == "Rent")
    #expect(try read(Self.good).http.publicURL.isEmpty && !read(Self.good).logsClients)
    #expect(try read(Self.good + "\nlog: {clients: true}").logsClients)
  }

  @Test func connectionsAreBoundedAndMetricsMayHaveAnAddress() throws {
    #expect(try read(Self.good).http.metricsAddress == nil)
    let text = Self.good.replacing(
      "http:\n",
      with: "http:\n  metrics_address: '[::1]:9402'\n  connections: 500\n  connections_per_client: 20\n"
        + "  trusted_proxies: [127.0.0.1/32]\n")
    let http = try read(text).http
    #expect(http.metricsAddress?.host == "::1")
    #expect(http.metricsAddress?.port == 9402)
    let rules = http.connectionRules
    #expect(rules.most == 500)
    #expect(rules.mostOfOneClient == 20)
    #expect(rules.isExempt("127.0.0.1"))
    #expect(!rules.isExempt("127.0.0.2"))
    #expect(try read(Self.good).http.connectionRules.most >= 64)
  }

  @Test func theEnvironmentWins() throws {
    let configuration = try read(
      Self.good, ["LEASEHOLD_HTTP_ADDRESS": "[::1]:9000", "LEASEHOLD_DATABASE_URL": "postgresql:///other"])
    #expect(configuration.http.host == "::1")
    #expect(configuration.http.port == 9000)
    #expect(configuration.http.isLoopback)
    #expect(configuration.database.url == "postgresql:///other")
    // And is held to the same rules.
    #expect(throws: ConfigurationFault.self) { try read(Self.good, ["LEASEHOLD_HTTP_ADDRESS": "0.0.0.0:80"]) }
  }

  struct Mistake: CustomTestStringConvertible, Sendable {
    var written: String
    var instead: String
    /// Of the file, from 1.
    var line: Int?
    var words: String
    var testDescription: String { instead }
  }

  /// What is written instead of a piece of the good file, the line that is named for it, and words of what is said.
  private static func instead(
    of written: String, _ mistakes: (instead: String, line: Int?, words: String)...
  ) -> [Mistake] {
    mistakes.map { Mistake(written: written, instead: $0.instead, line: $0.line, words: $0.words) }
  }

  static let mistakes: [Mistake] = [
    instead(
      of: "http:\n",
      ("limits:\n  node_outage_seconds: 59\nhttp:\n", 2, "out of range"),
      ("limits:\n  node_outage_seconds: 604_801\nhttp:\n", 2, "out of range"),
      ("htpp:\n", 1, "unknown key 'htpp'")),
    instead(
      of: "size: 8589934592",
      ("siez: 8589934592", 12, "unknown key 'siez'"),
      ("size: 8 GiB", 12, "expected a whole number"),
      ("size: 1", 12, "out of range")),
    instead(
      of: "address: 127.0.0.1:8402",
      ("address: 8402", 2, "expected host:port"),
      ("address: 0.0.0.0:8402", 2, "bearer secrets"),
      (
        "address: 0.0.0.0:8402\n  tls_ended_by_proxy: true\n  trusted_proxies: [10.0.0.1]", 9,
        "settles invoices for whoever asks"
      ),
      ("address: 127.0.0.1:8402\n  tls_ended_by_proxy: true", 3, "name it in http.trusted_proxies"),
      ("address: 127.0.0.1:8402\n  tls_ended_by_proxy: maybe", 3, "expected true or false"),
      ("public_url: rent.example", 2, "expected where renters find us"),
      ("public_url: https://rent.example/?a=b", 2, "expected where renters find us"),
      ("public_url: ftp://rent.example", 2, "expected where renters find us"),
      ("metrics_address: 9402", 2, "expected host:port"),
      ("connections: 3", 2, "out of range"),
      ("connections_per_client: 3", 2, "out of range"),
      ("title: ''", 2, "1 to 80 characters")),
    instead(
      of: "state_directory: /var/lib/leasehold",
      ("state_directory: state", 3, "absolute path")),
    instead(
      of: "  url: postgresql:///leasehold",
      ("  connections: 4", nil, "is missing")),
    instead(
      of: "node: embedded",
      ("node: [embedded]", 7, "expected a single value"),
      ("node: eclair", 7, "one of: embedded, lnd"),
      ("node: cln", nil, "lightning.socket: is missing"),
      ("node: cln\n  socket: /run/rpc\n  rune_file: /x", 9, "either socket, or url"),
      ("node: lnd\n  url: https://localhost:8080\n  macaroon: 0201", 9, "a secret is not written here"),
      ("node: lnd\n  url: localhost:8080\n  macaroon_file: /x", 8, "expected http"),
      ("node: phoenixd\n  url: http://localhost:9740\n  password_file: /nowhere", 9, "No such file"),
      ("node: phoenixd\n  socket: /run/rpc", 8, "unknown key 'socket'")),
    instead(
      of: "id: disk-1g-day",
      ("id: Disk", 15, "a-z, 0-9 and -")),
    instead(
      of: "kind: disk\n",
      ("kind: boat\n", 16, "disk or compute")),
    instead(
      of: "period_seconds: 86_400",
      ("period_seconds: 0", 17, "out of range"),
      ("period: 0s", 17, "out of range: 1s to 366d"),
      ("period: 1 hour", 17, "expected a time such as"),
      ("period: 1h\n    period_seconds: 60", 17, "either period or period_seconds")),
    instead(
      of: "price_msat: 20000",
      ("price_msat: -1", 18, "out of range"),
      ("price_msat: 0", nil, "deposit")),
    instead(
      of: "max_periods: 30",
      ("variants: [{name: a, share: 50}, {name: b, share: 49}]", 21, "the shares come to 99"),
      ("variants:\n      - {name: a, share: 100}\n      - {name: b, share: 0}", 23, "out of range: 1 to 100"),
      ("variants:\n      - {name: a, share: 50}\n      - {name: a, share: 50}", 23, "a name of its own"),
      ("variants: [{name: A b, share: 100}]", 21, "a name of its own"),
      ("variants: [{name: a, share: 100, price_msat: 0}]", 21, "variants have a price"),
      ("variants: [{name: a, share: 100, period_seconds: 5}]", 21, "unknown key 'period_seconds'"),
      ("policy: {lead_seconds: 80000}", 21, "at most half a period"),
      ("policy: {lead: 23h}", 21, "at most half a period"),
      ("images: [none]", 21, "no image 'none'")),
    instead(
      of: "    disk:\n      pool: /var/lib/leasehold/pool\n      size: 8589934592\n",
      ("", 13, "no host serves disk")),
    instead(
      of: "hosts:",
      ("hosts: []\nlog:", nil, "mapping")),
  ].flatMap(\.self)

  @Test(arguments: mistakes) func aMistakeIsNamedWithItsPlace(_ mistake: Mistake) throws {
    #expect(Self.good.contains(mistake.written))
    let text = Self.good.replacing(mistake.written, with: mistake.instead, maxReplacements: 1)
    let fault = #expect(throws: ConfigurationFault.self) { try read(text) }
    let said = try #require(fault)
    #expect(said.description.contains(mistake.words), "\(said)")
    #expect(said.file == "leasehold.yaml")
    if let line = mistake.line { #expect(said.line == line, "\(said)") }
  }

  /// One configuration for each node, as the README shows them.
  @Test func everyNodeCanBeNamed() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("secret-\(UUID().uuidString)").path
    #expect(
      FileManager.default.createFile(
        atPath: file, contents: Data("0201ff\n".utf8), attributes: [.posixPermissions: 0o600]))
    defer { try? FileManager.default.removeItem(atPath: file) }  // A temporary file.
    func node(_ lines: String, _ environment: [String: String] = [:]) throws -> Configuration.Lightning {
      try read(Self.good.replacing("node: embedded", with: lines), environment).lightning
    }
    guard case .cln(.socket("/run/lightning-rpc")) = try node("node: cln\n  socket: /run/lightning-rpc"),
      case .cln(.rest(let rest, let rune)) = try node(
        "node: cln\n  url: https://localhost:3010\n  rune_file: \(file)"),
      case .lnd(let lnd) = try node("node: lnd\n  url: https://localhost:8080\n  macaroon_file: \(file)"),
      case .lnbits(let lnbits) = try node("node: lnbits\n  url: http://localhost:5000\n  invoice_key_file: \(file)"),
      case .phoenixd(let phoenixd) = try node(
        "node: phoenixd\n  url: http://localhost:9740", ["LEASEHOLD_LIGHTNING_PASSWORD": "hunter2"])
    else {
      Issue.record("a node is read as another")
      return
    }
    #expect(rest.host == "localhost")
    #expect(rest.port == 3010)
    #expect(rune.text == "0201ff")
    #expect(lnd.macaroon.text == "0201ff")
    #expect(lnbits.invoiceKey.text == "0201ff")
    #expect(lnbits.adminKey == nil)
    #expect(phoenixd.password.text == "hunter2")

    // A secret that others may read is none.
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    let fault = #expect(throws: ConfigurationFault.self) {
      try node("node: lnbits\n  url: http://localhost:5000\n  invoice_key_file: \(file)")
    }
    #expect(fault?.words.contains("chmod 600") == true)
    #expect(fault.map { "\($0)".contains("0201ff") } == false)
  }

  @Test func aVariantIsTheOfferAtAnotherPrice() throws {
    let text = Self.good.replacing(
      "max_periods: 30",
      with: "max_periods: 30\n    variants:\n      - name: steady\n        share: 75\n"
        + "      - {name: cheap-2, share: 25, price_msat: 15_000}")
    let offer = try #require(try read(text).offers.first)
    #expect(
      offer.variants == [
        .init(name: "steady", share: 75, price: 20_000), .init(name: "cheap-2", share: 25, price: 15_000),
      ])
    #expect(offer.terms.price == 20_000)
    #expect(offer.terms.variant == nil)
    #expect(try read(Self.good).offers.first?.variants == [])
  }

  @Test func anOfferIsThereOnce() throws {
    let offer = Self.good[try #require(Self.good.range(of: "  - id: disk")).lowerBound...]
    let fault = #expect(throws: ConfigurationFault.self) { try read(Self.good + "\n" + offer) }
    #expect(try #require(fault).words.contains("is there twice"))
  }

  @Test func whatIsNoYAMLIsSaidSo() throws {
    #expect(throws: ConfigurationFault.self) { try read("offers: [") }
    #expect(throws: ConfigurationFault.self) { try Configuration.load("/nowhere/leasehold.yaml") }
  }

  // MARK: Prices in a currency

  private static let dollars =
    good.replacing("price_msat: 20000", with: "price: {amount: \"4.99\", currency: USD}") + """

      exchange_rates:
        - currency: USD
          url: https://api.example.org/ticker?pair=XBTUSD
          pointer: /result/XXBTZUSD/c/0
      """

  @Test func aPriceInACurrencyNamesWhoSaysWhatItIsWorth() throws {
    let configuration = try read(Self.dollars)
    let offer = try #require(configuration.offers.first)
    #expect(offer.terms.fiat == FiatPrice(.usd, price: FixedDecimal(hundredMillionths: 499_000_000)))
    #expect(!offer.terms.isPriced)
    #expect(offer.terms.fault == nil)
    let entry = try #require(configuration.exchangeRates.first)
    #expect(entry.limits == ExchangeRateLimits())
    #expect(entry.pointer?.description == "/result/XXBTZUSD/c/0")
    // Of an address renters see the host: the rest may hold a key.
    #expect(entry.source.name == "api.example.org")
    #expect(configuration.limits.exchangeRateOutage == .day)
    let file = try read(
      Self.dollars.replacing(
        "url: https://api.example.org/ticker?pair=XBTUSD", with: "file: /run/rates/usd\n    confirm_seconds: 0"))
    #expect(file.exchangeRates.first?.source.name == "file")
    #expect(file.exchangeRates.first?.limits.confirmation == .zero)
  }

  @Test func metersAndDepositsMayBeInTheOffersCurrency() throws {
    let configuration = try read(
      Self.dollars.replacing(
        "amount: \"4.99\", currency: USD}", with: "amount: 0, deposit: 5, currency: USD}"
      ).replacing(
        "    max_periods: 30",
        with: "    max_periods: 30\n    meters:\n      - {meter: egress, unit: 1073741824, price: 0.02}"))
    let terms = try #require(configuration.offers.first?.terms)
    #expect(terms.fiat?.deposit.description == "5")
    #expect(terms.fiat?.price == .zero)
    #expect(terms.meters.first?.fiat?.description == "0.02")
  }

  @Test(arguments: [
    ("currency: USD\n    url", "currency: GBP\n    url", "one of: USD, EUR"),
    ("currency: USD\n    url", "currency: EUR\n    url", "nobody says what a bitcoin costs"),
    ("https://api", "http://api", "expected https"),
    ("https://api.example.org", "https://me:secret@api.example.org", "without user"),
    ("https://api.example.org/ticker?pair=XBTUSD", "nowhere", "expected https"),
    ("url: https", "file: /rate\n    url: https", "either url or file"),
    ("url: https://api.example.org/ticker?pair=XBTUSD", "file: rate", "absolute path"),
    ("pointer: /result", "pointer: result", "JSON pointer"),
    ("pointer: /result", "interval_seconds: 700\n    pointer: /result", "read it more often"),
    ("pointer: /result", "maximum_step_percent: 0\n    pointer: /result", "out of range"),
    ("pointer: /result", "name: two words\n    pointer: /result", "printable"),
    ("pointer: /result", "every: 5\n    pointer: /result", "unknown key 'every'"),
    ("\"4.99\"", "-4.99", "is negative"), ("\"4.99\"", "4.999999999", "eight decimal places"),
    ("\"4.99\"", "1e400", "is too large"), ("\"4.99\"", "cheap", "is not a number"),
    ("\"4.99\"", "0", "needs a deposit"),
    ("\"4.99\", currency: USD}", "4.99, currency: USD}\n    price_msat: 5", "either price"),
  ])
  func whatIsWrongWithAPriceOrARateIsSaid(_ text: String, _ wrong: String, _ words: String) throws {
    let yaml = Self.dollars.replacing(text, with: wrong)
    try #require(yaml != Self.dollars)
    let fault = #expect(throws: ConfigurationFault.self) { try read(yaml) }
    let said = fault?.description ?? ""
    #expect(said.contains(words), "\(said)")
    #expect(said.hasPrefix("leasehold.yaml:"), "\(said)")
    #expect(!said.contains("secret"))
  }

  @Test func oneSourceForACurrency() {
    #expect(throws: ConfigurationFault.self) {
      try read(Self.dollars + "\n  - currency: USD\n    file: /rate\n")
    }
  }
}
