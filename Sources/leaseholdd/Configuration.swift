import Engine
import Foundation
import HTTPAPI
import L402
import Leasing
import Ledger
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
  var logFormat: LogFormat

  struct HTTP: Sendable {
    var host = "127.0.0.1"
    var port = 8402
    /// A proxy in front ends TLS; without one only loopback addresses are served.
    var tlsEndedByProxy = false
    /// Peers whose word is taken for where a request comes from, and the header they write it in.
    var trustedProxies = TrustedProxies.none

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
  }

  struct Limits: Sendable {
    var mintsPerMinutePerClient = 60
    var mintsPerMinute = 1_200
    var unpaidHoldsPerClient = 2
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
  }

  enum LogFormat: String, Sendable, CaseIterable {
    case text, json
  }
}

extension Configuration {
  static func load(_ file: String) throws -> Configuration {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ConfigurationFault(file: file, line: nil, path: "", words: "cannot be read")
    }
    return try Configuration(
      YAMLReader(
        file: file, text: String(decoding: data, as: UTF8.self), environment: ProcessInfo.processInfo.environment))
  }

  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "http", "state_directory", "database", "lightning", "hosts", "images", "offers", "exchange_rates", "limits",
      "payouts",
      "log")
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
    try yaml["log"].allow("format")
    let format = try yaml["log"]["format"].string(default: "text")
    guard let known = LogFormat(rawValue: format) else { throw yaml["log"]["format"].fault("text or json") }
    logFormat = known
    hosts = try yaml["hosts"].items.map { try Host($0) }
    guard hosts.count == 1 else { throw yaml["hosts"].fault("a daemon serves the one host it runs on") }
    images = try yaml["images"].items.map { try ImageReference($0) }
    offers = try yaml["offers"].items.map { try Offer($0) }
    exchangeRates = try yaml["exchange_rates"].items.map { try ExchangeRateEntry($0) }
    for (index, place) in try yaml["exchange_rates"].items.enumerated()
    where exchangeRates[..<index].contains(where: { $0.currency == exchangeRates[index].currency }) {
      throw place["currency"].fault("'\(exchangeRates[index].currency.rawValue)' is there twice")
    }
    try checkOffers(yaml["offers"])
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
      guard isServed else { throw place["kind"].fault("no host serves \(offer.terms.kind.rawValue)") }
    }
  }
}

extension Configuration.HTTP {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("address", "tls_ended_by_proxy", "trusted_proxies", "forwarded_header")
    let address = try yaml["address"].string(default: "127.0.0.1:8402")
    guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
      (0...65_535).contains(port)
    else { throw yaml["address"].fault("expected host:port, found '\(address)'") }
    host = String(address[..<colon]).trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    self.port = port
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
  }
}

extension Configuration.Payouts {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("enabled", "max_msat_each", "max_msat_per_day")
    enabled = try yaml["enabled"].boolean(default: true)
    maxMsatEach = try yaml["max_msat_each"].integer(in: 1_000...Millisatoshi.supply.count, default: maxMsatEach)
    maxMsatPerDay = try yaml["max_msat_per_day"].integer(
      in: maxMsatEach...Millisatoshi.supply.count, default: max(maxMsatPerDay, maxMsatEach))
  }
}

extension Configuration.Limits {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "mints_per_minute_per_client", "mints_per_minute", "unpaid_holds_per_client", "unpaid_percent",
      "node_outage_seconds", "exchange_rate_outage_seconds")
    mintsPerMinutePerClient = Int(try yaml["mints_per_minute_per_client"].integer(in: 1...1_000_000, default: 60))
    mintsPerMinute = Int(try yaml["mints_per_minute"].integer(in: 1...1_000_000, default: 1_200))
    unpaidHoldsPerClient = Int(try yaml["unpaid_holds_per_client"].integer(in: 0...1_000, default: 2))
    unpaidPercent = Int(try yaml["unpaid_percent"].integer(in: 0...100, default: 50))
    // At least as long as any doubt lasts; a week without a node is a provider who cannot be paid.
    nodeOutage = Seconds(try yaml["node_outage_seconds"].integer(in: 60...604_800, default: 600))
    exchangeRateOutage = Seconds(try yaml["exchange_rate_outage_seconds"].integer(in: 60...604_800, default: 86_400))
  }
}

extension Configuration.Host {
  init(_ yaml: YAMLReader) throws {
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
      try compute.allow("runtime", "cpu_millis", "memory_bytes", "pids", "disk_bytes")
      let machine = Machine()
      self.compute = Configuration.Compute(
        runtime: try compute["runtime"].optionalString(),
        capacity: Resources(
          disk: ByteCount(try compute["disk_bytes"].integer(in: 0...(1 << 60), default: machine.diskBytes)),
          cpuMillis: try compute["cpu_millis"].integer(in: 1...10_000_000, default: machine.cpuMillis),
          memory: ByteCount(try compute["memory_bytes"].integer(in: 1...(1 << 60), default: machine.memoryBytes)),
          pids: try compute["pids"].integer(in: 1...4_000_000, default: 32_768)))
    }
  }
}

/// What this machine has, as defaults for what it rents out.
private struct Machine {
  /// Four leases share a core: most sleep.
  var cpuMillis: Int64 { Int64(ProcessInfo.processInfo.activeProcessorCount) * 4_000 }
  /// Three quarters; the rest is the system's.
  var memoryBytes: Int64 { Int64(ProcessInfo.processInfo.physicalMemory / 4 * 3) }
  var diskBytes: Int64 { 64 << 30 }
}

extension ImageReference {
  /// An image's folder has `rootfs/` and `image.json` with its digest, as `scripts/image` writes them.
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("name", "path")
    struct Description: Decodable { var digest: String }
    let path = try yaml["path"].string()
    guard let data = FileManager.default.contents(atPath: path + "/image.json") else {
      throw yaml["path"].fault("there is no image.json in \(path)")
    }
    let description: Description
    do {
      description = try JSONDecoder().decode(Description.self, from: data)
    } catch {
      throw yaml["path"].fault("\(path)/image.json has no digest")
    }
    self.init(name: try yaml["name"].string(), digest: description.digest, path: path)
  }
}
