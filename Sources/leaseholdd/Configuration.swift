import Drivers
import Engine
import Foundation
import HTTPAPI
import L402
import Leasing
import Ledger
import Logs
import Units

/// What the provider wrote in `leasehold.yaml`, checked.
struct Configuration: Sendable {
  var http = HTTP()
  var stateDirectory: String
  var database: Database
  var lightning: Lightning
  var holds: Holds
  var hosts: [Host]
  var images: [ImageReference]
  var offers: [Offer]
  var exchangeRates: [ExchangeRateEntry]
  var limits = Limits()
  var payouts = Payouts()
  var notices: Notices
  var wallets = Wallets()
  var logFormat: LineLog.Format
  /// Lease and client address stand in the line of each request, so that who abuses the service can be found.
  var logsClients: Bool
  /// Variables of the environment that look like overrides and are none.
  var unknownOverrides: [String]
  /// When its file was written last; `nil`: it comes from no file.
  var writtenAt: Instant?

  struct HTTP: Sendable {
    var host = "127.0.0.1"
    var port = 8402
    /// A proxy in front ends TLS; without one only loopback addresses are served.
    var tlsEndedByProxy = false
    /// Peers whose word is taken for where a request comes from, and the header they write it in.
    var trustedProxies = TrustedProxies.none
    /// Where the metrics are served to whoever asks; `nil`: only beside everything else, for the operator's token.
    var metricsAddress: (host: String, port: Int)?
    /// Bounds of open connections; `nil`: what the limit of open files allows.
    var connections: Int?
    var connectionsPerClient: Int?
    /// Where renters find us, without a slash at the end: `https://rent.example`. Empty: links are paths.
    var publicURL = ""
    /// The provider's name on the page.
    var title = "Leasehold"

    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
  }

  struct Database: Sendable {
    var url: String
    var connections: Int
  }

  struct Host: Sendable {
    var name: String
    var disk: Disk?
    var compute: Compute?
    var uidBase: UInt32
  }

  struct Disk: Sendable {
    var pool: String
    var size: ByteCount
  }

  struct Compute: Sendable {
    /// `nil`: whichever suits the host.
    var runtime: String?
    var capacity: Resources
    var network: NetworkSettings
  }

  struct Limits: Sendable {
    var mintsPerMinutePerClient = 60
    var mintsPerMinute = 1_200
    var unpaidAllocationsPerClient = 2
    var unpaidPercent = 50
    /// While the node does not answer nobody is suspended for it, at most for so long.
    var nodeOutage: Seconds = 600
    /// The same while there is no rate, for the leases that are paid for in that currency.
    var exchangeRateOutage: Seconds = .day
  }

  /// Credit that goes out through the node.
  struct Payouts: Sendable {
    var enabled = true
    var maxMsatEach: Int64 = 1_000_000_000
    var maxMsatPerDay: Int64 = 5_000_000_000
    /// What one lease may take of a day.
    var leasePercentPerDay: Int64 = 20
    /// A tenth of the day is kept for those no larger.
    var smallMsat: Int64 = 10_000_000
    var maxPending: Int64 = 50
  }
}

extension Configuration {
  static func load(_ file: String) throws -> Configuration {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ConfigurationFault(file: file, line: nil, path: "", words: "cannot be read")
    }
    var configuration = try Configuration(
      YAMLReader(
        file: file, text: String(decoding: data, as: UTF8.self), environment: ProcessInfo.processInfo.environment))
    var status = stat()
    if stat(file, &status) == 0 {
      configuration.writtenAt = Instant(
        microseconds: Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1_000)
    }
    return configuration
  }

  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "http", "state_directory", "database", "lightning", "hosts", "images", "offers", "exchange_rates", "limits",
      "payouts", "notices", "wallets", "log")
    stateDirectory = try yaml["state_directory"].string()
    guard stateDirectory.hasPrefix("/") else { throw yaml["state_directory"].fault("expected an absolute path") }
    http = try HTTP(yaml["http"])
    let database = yaml["database"]
    try database.allow("url", "connections")
    self.database = Database(
      url: try database["url"].string(), connections: Int(try database["connections"].integer(in: 2...500, default: 8)))
    lightning = try Lightning(yaml["lightning"])
    holds = try Holds(yaml["lightning"])
    if !http.isLoopback {
      guard http.tlsEndedByProxy else {
        throw yaml["http"]["address"].fault(
          "credentials are bearer secrets: serve a loopback address, or put a proxy with TLS in front and set "
            + "http.tls_ended_by_proxy: true")
      }
      if case .embedded(onPublicAddress: false) = lightning {
        throw yaml["lightning"]["node"].fault(
          "the embedded node settles invoices for whoever asks; on a public address that must be meant: "
            + "lightning.embedded_on_public_address: true")
      }
    }
    limits = try Limits(yaml["limits"])
    payouts = try Payouts(yaml["payouts"])
    notices = try Notices(yaml["notices"], publicURL: http.publicURL)
    wallets = try Wallets(yaml["wallets"])
    try yaml["log"].allow("format", "clients")
    logsClients = try yaml["log"]["clients"].boolean(default: false)
    let format = try yaml["log"]["format"].string(default: "text")
    guard let known = LineLog.Format(rawValue: format) else { throw yaml["log"]["format"].fault("text or json") }
    logFormat = known
    unknownOverrides = []
    let state = stateDirectory
    hosts = try yaml["hosts"].items.map { try Host($0, stateDirectory: state) }
    guard hosts.count == 1 else { throw yaml["hosts"].fault("a daemon serves the one host it runs on") }
    images = try yaml["images"].items.map { try ImageReference($0) }
    offers = try yaml["offers"].items.map { try Offer($0) }
    exchangeRates = try yaml["exchange_rates"].items.map { try ExchangeRateEntry($0) }
    for (index, place) in try yaml["exchange_rates"].items.enumerated()
    where exchangeRates[..<index].contains(where: { $0.currency == exchangeRates[index].currency }) {
      throw place["currency"].fault("'\(exchangeRates[index].currency.rawValue)' is there twice")
    }
    unknownOverrides = yaml.overrides.unknown(in: yaml.environment)
    try checkOffers(yaml["offers"])
    for (host, place) in zip(hosts, try yaml["hosts"].items) { try checkRange(of: host, place) }
  }

  private func checkOffers(_ yaml: YAMLReader) throws {
    var seen: Set<String> = []
    for (offer, place) in zip(offers, try yaml.items) {
      guard seen.insert(offer.id).inserted else { throw place["id"].fault("'\(offer.id)' is there twice") }
      for image in offer.images where !images.contains(where: { $0.name == image }) {
        throw place["images"].fault("there is no image '\(image)' in images")
      }
      let isServed =
        switch offer.terms.kind {
        case .disk: hosts.contains { $0.disk != nil }
        case .compute: hosts.contains { $0.compute != nil }
        }
      if let currency = offer.terms.fiat?.currency, !exchangeRates.contains(where: { $0.currency == currency }) {
        throw place["price"]["currency"].fault(
          "nobody says what a bitcoin costs in it: name a source in exchange_rates")
      }
      if offer.terms.network != nil, hosts.contains(where: { $0.compute?.network.resolvers.isEmpty == true }) {
        throw place["network"].fault("its containers need name servers: hosts.compute.network.resolvers: [9.9.9.9]")
      }
      guard isServed else { throw place["kind"].fault("no host serves \(offer.terms.kind.rawValue)") }
    }
  }
}

extension Configuration.HTTP {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "address", "tls_ended_by_proxy", "trusted_proxies", "forwarded_header", "public_url", "title", "metrics_address",
      "connections", "connections_per_client")
    (host, port) = try Self.address(yaml["address"].string(default: "127.0.0.1:8402"), yaml["address"])
    metricsAddress = try yaml["metrics_address"].optionalString().map { try Self.address($0, yaml["metrics_address"]) }
    if yaml["connections"].exists {
      connections = Int(try yaml["connections"].integer(in: 16...1_000_000))
    }
    if yaml["connections_per_client"].exists {
      connectionsPerClient = Int(try yaml["connections_per_client"].integer(in: 4...1_000_000))
    }
    tlsEndedByProxy = try yaml["tls_ended_by_proxy"].boolean(default: false)
    let ranges = try yaml["trusted_proxies"].items.map { item in
      guard let range = AddressRange(try item.string()) else {
        throw item.fault("expected an address or a block of them: 10.0.0.0/8")
      }
      return range
    }
    let header = try yaml["forwarded_header"].string(default: TrustedProxies.Header.xForwardedFor.rawValue)
    guard let known = [TrustedProxies.Header.xForwardedFor, .forwarded].first(where: { $0.rawValue == header }) else {
      throw yaml["forwarded_header"].fault("X-Forwarded-For or Forwarded")
    }
    trustedProxies = TrustedProxies(ranges, header: known)
    if tlsEndedByProxy, ranges.isEmpty {
      throw yaml["tls_ended_by_proxy"].fault(
        "with a proxy in front every renter would have the proxy's address: name it in http.trusted_proxies, for "
          + "instance [127.0.0.1/32]")
    }
    if let text = try yaml["public_url"].optionalString() {
      guard let url = Self.publicURL(text) else {
        throw yaml["public_url"].fault("expected where renters find us: https://rent.example, found '\(text)'")
      }
      publicURL = url
    }
    title = try yaml["title"].string(default: title)
    guard (1...80).contains(title.count), !title.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 })
    else { throw yaml["title"].fault("1 to 80 characters, on one line") }
  }

  private static func address(_ text: String, _ place: YAMLReader) throws -> (host: String, port: Int) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw place.fault("expected host:port, found '\(text)'") }
    return (String(text[..<colon]).trimmingCharacters(in: CharacterSet(charactersIn: "[]")), port)
  }

  /// Scheme, host and port, and a path where a proxy serves us under one.
  private static func publicURL(_ text: String) -> String? {
    var text = text
    while text.hasSuffix("/") { text.removeLast() }
    guard let url = URL(string: text), let scheme = url.scheme, ["http", "https"].contains(scheme),
      let host = url.host(), !host.isEmpty, url.query() == nil, url.fragment() == nil, url.user() == nil,
      text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 34 && $0 != 60 && $0 != 62 && $0 != 92 })
    else { return nil }
    return text
  }
}

extension Configuration.Payouts {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "enabled", "max_msat_each", "max_msat_per_day", "lease_percent_per_day", "small_msat", "max_pending")
    enabled = try yaml["enabled"].boolean(default: true)
    maxMsatEach = try yaml["max_msat_each"].integer(in: 1_000...Millisatoshi.supply.count, default: maxMsatEach)
    maxMsatPerDay = try yaml["max_msat_per_day"].integer(
      in: maxMsatEach...Millisatoshi.supply.count, default: max(maxMsatPerDay, maxMsatEach))
    leasePercentPerDay = try yaml["lease_percent_per_day"].integer(in: 1...100, default: leasePercentPerDay)
    smallMsat = try yaml["small_msat"].integer(in: 0...Millisatoshi.supply.count, default: smallMsat)
    maxPending = try yaml["max_pending"].integer(in: 1...483, default: maxPending)
  }
}

extension Configuration.Limits {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "mints_per_minute_per_client", "mints_per_minute", "unpaid_holds_per_client", "unpaid_percent",
      "node_outage_seconds", "exchange_rate_outage_seconds")
    mintsPerMinutePerClient = Int(try yaml["mints_per_minute_per_client"].integer(in: 1...1_000_000, default: 60))
    mintsPerMinute = Int(try yaml["mints_per_minute"].integer(in: 1...1_000_000, default: 1_200))
    unpaidAllocationsPerClient = Int(try yaml["unpaid_holds_per_client"].integer(in: 0...1_000, default: 2))
    unpaidPercent = Int(try yaml["unpaid_percent"].integer(in: 0...100, default: 50))
    // At least as long as any doubt lasts; a week without a node is a provider who cannot be paid.
    nodeOutage = Seconds(try yaml.duration("node_outage", in: 60...604_800, default: 600))
    exchangeRateOutage = Seconds(try yaml.duration("exchange_rate_outage", in: 60...604_800, default: 86_400))
  }
}

extension Configuration.Host {
  /// - Parameter stateDirectory: where what containers write lies.
  init(_ yaml: YAMLReader, stateDirectory: String) throws {
    try yaml.allow("name", "disk", "compute", "subid_base")
    name = try yaml["name"].string()
    // 65,536 uids a lease, and they must end below the 32-bit "nobody".
    uidBase = UInt32(try yaml["subid_base"].integer(in: 65_536...4_000_000_000, default: 1_000_000))
    if yaml["disk"].exists {
      let disk = yaml["disk"]
      try disk.allow("pool", "size")
      self.disk = Configuration.Disk(
        pool: try disk["pool"].string(),
        size: ByteCount(try disk["size"].integer(in: (128 << 20)...(1 << 60))))
    }
    if yaml["compute"].exists {
      let compute = yaml["compute"]
      try compute.allow("runtime", "cpu_millis", "memory_bytes", "pids", "disk_bytes", "network")
      let machine = Machine(keeping: stateDirectory, pool: self.disk)
      self.compute = Configuration.Compute(
        runtime: try compute["runtime"].optionalString(),
        capacity: Resources(
          disk: ByteCount(try compute["disk_bytes"].integer(in: 0...(1 << 60), default: machine.diskBytes)),
          cpuMillis: try compute["cpu_millis"].integer(in: 1...10_000_000, default: machine.cpuMillis),
          memory: ByteCount(try compute["memory_bytes"].integer(in: 1...(1 << 60), default: machine.memoryBytes)),
          pids: try compute["pids"].integer(in: 1...4_000_000, default: 32_768)),
        network: try NetworkSettings(compute["network"], uidBase: uidBase))
    }
  }
}
