// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The rooms of Leasehold and the arrows between them. An arrow means "imports"; there are no others, and
// `Tests/TidyTests` keeps it so. README.md has the picture.
//
// `LEASEHOLD_ROOMS=ground` leaves out the doors, the daemon and the command line, and with them every package
// but swift-log and swift-subprocess: rules, ledger, credentials, SQL and drivers then build and test without
// an HTTP framework.
//
// `LEASEHOLD_ROOMS=fuzz` is the ground and what `scripts/fuzz` drives it with, which links against libFuzzer.
//
// `LEASEHOLD_ROOMS=EngineTests,StoreTests` (any targets) is those and what they stand on: for a quick turn while working
// on a few rooms.
let rooms = Context.environment["LEASEHOLD_ROOMS"] ?? ""
let fuzzing = rooms == "fuzz"
let groundOnly = fuzzing || rooms == "ground"
let chosen: Set<String> =
  groundOnly ? [] : Set(rooms.split(separator: ",").map { String($0) })

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
]

/// - Parameter above: folders that stand on rooms above the ground, and are left out with them.
func room(_ name: String, _ dependencies: [Target.Dependency] = [], above: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: groundOnly ? above : [], swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], above: [String] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.target(name: name)] + dependencies, exclude: groundOnly ? above : [],
    swiftSettings: strict)
}

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

// The pure ground: no I/O, no clock.
let pure: [Target] = [
  room("Text"),
  room("Units"),
  room("Ledger", ["Units"]),
  room("Leasing", ["Ledger", "Units"]),
  .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
  .systemLibrary(
    name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
  .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
  room("Macaroons", ["COpenSSL", "CSodium", "Text"]),
  room("L402", ["Macaroons", "Text"]),
  room("BOLT11", ["CSecp256k1", "COpenSSL", "Units"]),
  room("Wire", ["Text", "Units"]),
  room("Problems"),
  room("Networks"),
  room("Nostr", ["BOLT11", "CSecp256k1", "CSodium", "Macaroons", "Wire"]),
]

// Named one by one, so that a new one changes the manifest and no cached one hides it; a test compares with the folder.
let migrations = [
  "0001_leases.sql", "0002_ledger.sql", "0003_lightning.sql", "0004_credentials.sql", "0005_capacity.sql",
  "0006_usage.sql", "0007_daemons.sql", "0008_capacity_held_for_changes.sql", "0009_holds.sql",
  "0010_key_epochs.sql",
  "0011_payouts.sql", "0012_credit_spent.sql", "0013_variants.sql", "0014_node_standing.sql",
  "0015_exchange_rates.sql", "0016_transfers_by_time.sql",
  "0017_what_credentials_are_minted_for.sql",
  "0018_money_lost_and_found.sql",
  "0019_announced_terms.sql",
  "0020_attachments.sql",
  "0021_password_grants.sql",
  "0022_no_addresses_in_events.sql",
  "0023_leaps_of_the_clock.sql",
  "0024_when_effects_began.sql",
  "0025_failed_starts.sql",
  "0026_free_uid_slots.sql",
  "0027_indexes_that_answer.sql",
  "0028_what_cannot_fail.sql",
  "0029_usage_by_day.sql",
  "0030_audit_checkpoint.sql",
  "0031_where_effects_are_done.sql",
  "0032_what_purchases_were_asked_with.sql",
  "0033_addresses.sql",
  "0034_words_of_events.sql",
  "0035_outage_credits.sql",
  "0036_contacts.sql",
  "0037_top_ups.sql",
  "0038_wallet_grants.sql",
  "0039_waitlist.sql",
  "0040_invoices_in_messages.sql",
  "0041_when_pulls_count.sql",
  "0042_waitlist_contacts.sql",
]

// The engine, what it needs of the world, and the ways of meeting those needs.
let ground: [Target] = [
  room("Engine", ["Leasing", "Ledger", "Units", "L402", "BOLT11", "Problems", log]),
  .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
  .target(name: "CLinux"),
  room("Postgres", ["CLibpq", log]),
  room("Store", ["Engine", "Postgres", log]),
  // `schema/*.sql`, embedded: the daemon brings its migrations along.
  .target(
    name: "Schema", dependencies: ["Postgres"], path: "schema", exclude: ["current.sql"],
    resources: migrations.map { .embedInCode($0) },
    swiftSettings: strict),
  room(
    "Lightning", ["Engine", "BOLT11", "NodeRPC"], above: ["Remote", "CLN", "LND", "LNbits", "Phoenixd"]),
  room("Drivers", ["Engine", "CLinux", "Networks", subprocess, log]),
  room("Scheduling", ["Engine"]),
  room("Logs", ["Text", log]),
  room("Wallets", ["BOLT11", "NodeRPC"], above: ["Nodes"]),
  .target(
    name: "TestKit", dependencies: ["Engine", "Postgres", "Schema", "Store", log], path: "Tests/TestKit",
    swiftSettings: strict),
]

// What is fed with any bytes: by libFuzzer, and with a corpus by the tests.
let fuzz: [Target] = [
  .target(
    name: "Fuzz", dependencies: ["Macaroons", "L402", "BOLT11", "Wire", "Units", "Ledger", "Postgres"],
    path: "Tests/Fuzz/Targets", swiftSettings: strict),
  .testTarget(
    name: "FuzzTests", dependencies: ["Fuzz", "L402"], path: "Tests/Fuzz/CorpusTests", swiftSettings: strict),
]
// Counts what a check of a credential asks of malloc; `AllocationTests` runs it.
let allocations: [Target] = [
  .target(name: "CAllocationCounter", path: "Tests/Allocations/Counter"),
  .executableTarget(
    name: "leasehold-allocations", dependencies: ["CAllocationCounter", "L402"], path: "Tests/Allocations/Program",
    swiftSettings: strict),
]
let fuzzDriver: [Target] = [
  .target(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
  .executableTarget(
    name: "leasehold-fuzz", dependencies: ["Fuzz", "CFuzzer"], path: "Tests/Fuzz/Driver", swiftSettings: strict),
]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")

// What browsers are given, and the templates that it is made from: embedded, as migrations are.
let pages = [
  "Assets/style.css", "Assets/icon.svg", "Assets/page.js", "Assets/store.js", "Assets/net.js", "Assets/words.js",
  "Assets/invoice.js", "Assets/rent.js", "Assets/order.js", "Assets/lease.js", "Assets/leases.js",
  "Assets/overview.js", "Assets/files.js", "Assets/container.js", "Assets/share.js", "Assets/keep.js",
  "Assets/history.js",
  "Templates/layout.mustache", "Templates/shop.mustache", "Templates/rent.mustache", "Templates/order.mustache",
  "Templates/lease.mustache", "Templates/leases.mustache", "Templates/sorry.mustache",
  "Templates/locked.mustache", "Templates/leasehead.mustache", "Templates/files.mustache",
  "Templates/container.mustache",
  "Templates/usage.mustache", "Templates/history.mustache", "Templates/share.mustache", "Templates/keep.mustache",
  "Words/words.txt", "Words/lease.txt",
]

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

// Speaking to nodes, doors, client and the two programs.
let doors: [Target] = [
  room("NodeRPC", ["BOLT11", httpClient, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), tls]),
  .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
  .systemLibrary(name: "CQREncode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
  room("QR", ["CQREncode"]),
  room(
    "Notices",
    ["Engine", "L402", "QR", "Wire", "Units", "CLinux", subprocess, httpClient, nio("NIOCore"), nio("NIOPosix"), log]),
  room("ExchangeRates", ["Engine", "Wire", "Units", httpClient, nio("NIOCore")]),
  // Nostr's relays: renters' wallets, and messages.
  room(
    "Relays",
    ["Engine", "Nostr", "Notices", "L402", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), tls]),
  room("HTTPServing", ["Problems", hummingbird, log]),
  room("HTTPAPI", ["HTTPServing", "Engine", "L402", "QR", "Wire", "Problems", hummingbird, log, metrics]),
  room(
    "Gateway",
    [
      "HTTPServing", "Engine", "L402", "Wire", "Problems", hummingbird, nio("NIOCore"), nio("NIOPosix"),
      nio("NIOHTTP1"),
    ]),
  room("Files", ["HTTPServing", "Engine", "L402", "CLinux", "COpenSSL", hummingbird]),
  .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .target(
    name: "Pages",
    dependencies: ["HTTPServing", "Engine", "L402", "BOLT11", "QR", "CZlib", "Text", mustache, hummingbird],
    resources: pages.map { .embedInCode($0) }, swiftSettings: strict),
  room("WebDAV", ["Files", "HTTPServing", "Engine", "L402", "Wire", "Problems", "CExpat", hummingbird, log]),
  room("Client", ["Wire", "L402", "BOLT11", "Wallets", httpClient, tls]),
  .executableTarget(
    name: "leaseholdd",
    dependencies: [
      "HTTPAPI", "WebDAV", "Gateway", "Pages", "HTTPServing", "Store", "Schema", "Lightning", "Drivers", "Notices",
      "Relays", "Scheduling",
      "Logs", "Networks",
      "ExchangeRates", "Engine", "Postgres", "Wire", hummingbird, lifecycle, arguments, yams, log, metrics,
    ],
    swiftSettings: strict),
  .executableTarget(
    name: "leasehold", dependencies: ["Client", "QR", arguments, subprocess], swiftSettings: strict),
  // Servers that speak each node's wire, for tests.
  .target(
    name: "TestNodes",
    dependencies: ["Engine", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), tls],
    path: "Tests/TestNodes", swiftSettings: strict),
  // A server for as long as a test needs it, and bare connections to it.
  .target(name: "ServingKit", dependencies: [hummingbird, log], path: "Tests/ServingKit", swiftSettings: strict),
  // What `scripts/bench` runs.
  .executableTarget(
    name: "leasehold-bench",
    dependencies: [
      "HTTPAPI", "HTTPServing", "Store", "Schema", "Lightning", "Scheduling", "Logs", "Engine", "Postgres", "COpenSSL",
      hummingbird, log,
    ],
    path: "Tests/Benchmarks", swiftSettings: strict),
]

let groundTests: [Target] = [
  tests("Text"),
  tests("Units"),
  tests("Ledger"),
  tests("Leasing"),
  tests("Macaroons", ["TestKit"]),
  tests("L402", ["TestKit"]),
  tests("BOLT11"),
  tests("Wire"),
  tests("Problems"),
  tests("Networks"),
  tests("Nostr", ["Macaroons", "Wire"]),
  tests("Engine", ["TestKit", "Store", "Lightning", "Scheduling"]),
  tests("Postgres", ["TestKit"]),
  tests("Store", ["Schema", "TestKit"]),
  tests("Lightning", ["TestKit", "TestNodes"], above: ["Remote"]),
  tests("Drivers", ["TestKit"]),
  tests("Scheduling", ["Engine", "Units"]),
  tests("Logs", [log]),
  .testTarget(name: "TidyTests", dependencies: ["TestKit"], swiftSettings: strict),
]

let doorTests: [Target] = [
  // The servers of the libraries' pages.
  .testTarget(
    name: "ExamplesTests", dependencies: ["L402", "BOLT11", "HTTPServing", "TestKit", hummingbird, log],
    path: "Tests/Examples", swiftSettings: strict),
  tests("HTTPServing", ["ServingKit", hummingbird, log, nio("NIOCore"), nio("NIOPosix")]),
  tests("HTTPAPI", ["HTTPServing", "QR", "TestKit", "Store", "Lightning", hummingbird, log, metrics]),
  tests(
    "Gateway",
    ["HTTPServing", "Engine", "L402", "TestKit", "ServingKit", hummingbird, log, nio("NIOCore"), nio("NIOPosix")]),
  tests("Files", ["TestKit", hummingbird]),
  tests("Pages"),
  tests("WebDAV", ["Files", "HTTPServing", "TestKit", hummingbird, log]),
  tests("NodeRPC"),
  tests("Notices", ["L402", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1")]),
  tests(
    "Relays", ["BOLT11", "Engine", "Nostr", "Notices", "L402", "TestNodes", "TestKit", nio("NIOCore"), nio("NIOPosix")]),
  tests("ExchangeRates", ["HTTPServing", "Wire", "Units", hummingbird, log]),
  tests("Wallets"),
  // A provider in miniature, for the renter's side.
  .target(
    name: "RenterKit", dependencies: ["Client", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1")],
    path: "Tests/RenterKit", swiftSettings: strict),
  tests("Client", ["RenterKit"]),
  tests("leasehold", ["RenterKit", "TestKit"]),
  tests(
    "leaseholdd",
    [
      "Engine", "L402", "Leasing", "Units", "HTTPAPI", "HTTPServing", "Lightning", "TestKit", "TestNodes", hummingbird,
      log,
    ]),
]

// A room that has not been furnished yet has no folder; it is left out until it does.
let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
func furnished(_ target: Target) -> Bool {
  let folder = target.path ?? (target.type == .test ? "Tests/" : "Sources/") + target.name
  return FileManager.default.fileExists(atPath: root.appendingPathComponent(folder).path)
}

func reduced(_ target: Target, to names: Set<String>) -> Target {
  target.dependencies.removeAll { dependency in
    switch dependency {
    case .targetItem(let name, _), .byNameItem(let name, _): !names.contains(name)
    default: false
    }
  }
  return target
}

/// Our targets that a target imports.
func imports(_ target: Target) -> [String] {
  target.dependencies.compactMap { dependency in
    switch dependency {
    case .targetItem(let name, _), .byNameItem(let name, _): name
    default: nil
    }
  }
}

/// The named targets and all that they stand on.
func closure(of names: Set<String>, in targets: [Target]) -> [Target] {
  var reached: Set<String> = []
  var open = Array(names)
  while let name = open.popLast() {
    guard reached.insert(name).inserted, let target = targets.first(where: { $0.name == name }) else { continue }
    open += imports(target)
  }
  return targets.filter { reached.contains($0.name) }
}

let everywhere = pure + ground + fuzz + allocations + groundTests
let all = (fuzzing ? everywhere + fuzzDriver : groundOnly ? everywhere : everywhere + doors + doorTests)
  .filter(furnished)
let kept = chosen.isEmpty ? all : closure(of: chosen, in: all)
let targets = kept.map { reduced($0, to: Set(kept.map(\.name))) }

let doorPackages: [Package.Dependency] = [
  .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
  .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
  .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
  .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
  .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
  .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
]

let package = Package(
  name: "leasehold",
  products: ["Macaroons", "L402", "BOLT11", "Postgres"]
    .filter { name in targets.contains { $0.name == name } }
    .map { .library(name: $0, targets: [$0]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
  ] + (groundOnly ? [] : doorPackages),
  targets: targets,
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
