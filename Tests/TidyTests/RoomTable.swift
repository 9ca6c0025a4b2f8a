/// The allowed imports of every room, internal and external. `Package.swift` and `Sources` are held against it.
struct RoomTable: Sendable {
  var rooms: [Room]

  subscript(name: String) -> Room? { rooms.first { $0.name == name } }

  /// The rooms that `room` may import.
  func reachable(from room: Room) -> Set<String> {
    var reached: Set<String> = []
    var waiting = Array(room.arrows)
    while let name = waiting.popLast() {
      guard let next = self[name], reached.insert(name).inserted else { continue }
      waiting += next.arrows.filter { self[$0]?.kind != .shim }
    }
    return reached
  }

  /// Everything that a file of `room` may import.
  func importable(in room: Room) -> Set<String> {
    room.products.reduce(into: reachable(from: room).union(room.platform).union(Room.standardLibrary)) {
      $0.formUnion(Self.modules[$1] ?? [$1])
    }
  }

  /// Modules that come with a product, where they are more than one or not named like it.
  static let modules: [String: Set<String>] = [
    "Logging": ["Logging"],
    "Metrics": ["Metrics", "CoreMetrics"],
    "Subprocess": ["Subprocess", "SystemPackage"],
    "Hummingbird": [
      "Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTPTypes",
      "NIOHTTPTypesHTTP1", "ServiceLifecycle",
    ],
    "AsyncHTTPClient": ["AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOHTTP1"],
  ]
}

extension RoomTable {
  static let leasehold = RoomTable(rooms: [
    Room(name: "Text", kind: .pure),
    Room(name: "Units", kind: .pure),
    Room(name: "Ledger", kind: .pure, arrows: ["Units"]),
    Room(name: "Leasing", kind: .pure, arrows: ["Ledger"]),
    Room(name: "Macaroons", kind: .pure, arrows: ["COpenSSL", "CSodium", "Text"]),
    Room(name: "L402", kind: .pure, arrows: ["Macaroons", "Text"]),
    Room(name: "BOLT11", kind: .pure, arrows: ["CSecp256k1", "COpenSSL", "Units"]),
    Room(name: "Wire", kind: .pure, arrows: ["Text", "Units"]),
    Room(name: "Problems", kind: .pure),
    Room(name: "Networks", kind: .pure),
    Room(name: "Nostr", kind: .pure, arrows: ["BOLT11", "CSecp256k1", "CSodium", "Macaroons", "Wire"]),

    Room(name: "COpenSSL", kind: .shim),
    Room(name: "CSodium", kind: .shim),
    Room(name: "CSecp256k1", kind: .shim),
    Room(name: "CLibpq", kind: .shim),
    Room(name: "CLinux", kind: .shim),
    Room(name: "CExpat", kind: .shim),
    Room(name: "CQREncode", kind: .shim),
    Room(name: "CZlib", kind: .shim),
    Room(name: "QR", kind: .pure, arrows: ["CQREncode"]),

    Room(name: "Engine", kind: .engine, arrows: ["Leasing", "L402", "BOLT11", "Problems"], products: ["Logging"]),

    Room(
      name: "Postgres", kind: .adapter, arrows: ["CLibpq"], products: ["Logging"], platform: ["Dispatch", "Glibc"]),
    Room(
      name: "Store", kind: .adapter, arrows: ["Engine", "Postgres"], products: ["Logging"],
      platform: ["FoundationEssentials"]),
    Room(name: "Schema", kind: .adapter, arrows: ["Postgres"]),
    Room(
      name: "Lightning", kind: .adapter, arrows: ["Engine", "BOLT11", "NodeRPC"],
      platform: ["Dispatch", "FoundationEssentials", "Glibc"]),
    Room(
      name: "Drivers", kind: .adapter, arrows: ["Engine", "CLinux", "Networks"], products: ["Subprocess", "Logging"],
      platform: ["Dispatch", "FoundationEssentials", "Glibc"]),
    Room(
      name: "Notices", kind: .adapter, arrows: ["Engine", "L402", "QR", "Wire", "CLinux"],
      products: ["AsyncHTTPClient", "Subprocess", "NIOCore", "NIOPosix", "Logging"],
      platform: ["FoundationEssentials", "Glibc"]),
    Room(name: "Scheduling", kind: .adapter, arrows: ["Engine"], platform: ["Dispatch", "Glibc"]),
    Room(name: "Logs", kind: .adapter, arrows: ["Text"], products: ["Logging"], platform: ["Dispatch", "Glibc"]),
    Room(
      name: "NodeRPC", kind: .adapter, arrows: ["BOLT11"],
      products: ["AsyncHTTPClient", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL"],
      platform: ["FoundationEssentials", "Glibc"]),
    Room(
      name: "Wallets", kind: .adapter, arrows: ["BOLT11", "NodeRPC"], platform: ["FoundationEssentials", "Glibc"]),

    Room(
      name: "ExchangeRates", kind: .adapter, arrows: ["Engine", "Wire"], products: ["AsyncHTTPClient", "NIOCore"],
      platform: ["FoundationEssentials", "Glibc"]),

    Room(
      name: "Relays", kind: .adapter, arrows: ["Engine", "Nostr", "Notices", "L402"],
      products: ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL"], platform: ["Glibc"]),
    Room(
      name: "HTTPServing", kind: .adapter, arrows: ["Problems"], products: ["Hummingbird", "Logging"],
      platform: ["Glibc"]),
    Room(
      name: "HTTPAPI", kind: .door, arrows: ["HTTPServing", "Engine", "L402", "QR", "Wire", "Problems"],
      products: ["Hummingbird", "Logging", "Metrics"],
      platform: ["FoundationEssentials"]),
    Room(
      name: "Files", kind: .adapter, arrows: ["HTTPServing", "Engine", "L402", "CLinux", "COpenSSL"],
      products: ["Hummingbird"], platform: ["Dispatch", "Glibc"]),
    Room(
      name: "WebDAV", kind: .door, arrows: ["Files", "HTTPServing", "Engine", "L402", "Wire", "Problems", "CExpat"],
      products: ["Hummingbird", "Logging"]),
    Room(
      name: "Gateway", kind: .door, arrows: ["HTTPServing", "Engine", "L402", "Wire", "Problems"],
      products: ["Hummingbird", "NIOCore", "NIOPosix", "NIOHTTP1"]),
    Room(
      name: "Pages", kind: .door, arrows: ["HTTPServing", "Engine", "L402", "BOLT11", "QR", "CZlib", "Text"],
      products: ["Hummingbird", "Mustache"]),
    Room(
      name: "GRPCAPI", kind: .door, arrows: ["Engine", "L402", "Wire"],
      products: ["GRPCCore", "GRPCNIOTransportHTTP2", "GRPCProtobuf", "Logging"]),

    Room(
      name: "Client", kind: .adapter, arrows: ["Wire", "L402", "BOLT11", "Wallets"],
      products: ["AsyncHTTPClient", "NIOSSL"],
      platform: ["FoundationEssentials", "Glibc"]),

    Room(
      name: "leaseholdd", kind: .program,
      arrows: [
        "HTTPAPI", "WebDAV", "Gateway", "Pages", "HTTPServing", "Store", "Schema", "Lightning", "Drivers", "Notices",
        "Relays", "Scheduling", "Logs", "Networks", "ExchangeRates", "Engine", "Postgres", "Wire",
      ],
      products: ["Hummingbird", "ServiceLifecycle", "ArgumentParser", "Yams", "Logging", "Metrics"],
      platform: ["Dispatch", "Foundation", "FoundationEssentials", "Glibc"]),
    Room(
      name: "leasehold", kind: .program, arrows: ["Client", "QR"], products: ["ArgumentParser", "Subprocess"],
      platform: ["Dispatch", "Foundation", "FoundationEssentials", "Glibc"]),

    Room(
      name: "TestKit", kind: .testing, arrows: ["Engine", "Postgres", "Schema", "Store"], products: ["Logging"],
      platform: ["Testing", "Dispatch", "Foundation", "FoundationEssentials", "Glibc"]),
    // `Tests/Fuzz/Targets`.
    Room(name: "Fuzz", kind: .testing, arrows: ["Macaroons", "L402", "BOLT11", "Wire", "Units", "Ledger", "Postgres"]),
    // `Tests/Allocations`: a program that `AllocationTests` runs, and the C that takes malloc's place in it.
    Room(name: "leasehold-allocations", kind: .testing, arrows: ["L402", "CAllocationCounter"]),
    Room(name: "CAllocationCounter", kind: .shim),
    // Servers that speak each node's wire.
    Room(
      name: "TestNodes", kind: .testing, arrows: ["Engine"],
      products: ["NIOCore", "NIOPosix", "NIOHTTP1", "NIOWebSocket", "NIOSSL"], platform: ["Foundation"]),
    // A provider in miniature, for the tests of the renter's side.
    Room(name: "RenterKit", kind: .testing, arrows: ["Client"], products: ["NIOCore", "NIOPosix", "NIOHTTP1"]),
    // A server for as long as a test needs it, and bare connections to it.
    Room(
      name: "ServingKit", kind: .testing, products: ["Hummingbird", "Logging"], platform: ["Foundation", "Glibc"]),
    // `Tests/Benchmarks`, a program that `scripts/bench` runs.
    Room(
      name: "leasehold-bench", kind: .testing,
      arrows: [
        "HTTPAPI", "HTTPServing", "Store", "Schema", "Lightning", "Scheduling", "Logs", "Engine", "Postgres",
        "COpenSSL",
      ],
      products: ["Hummingbird", "Logging"], platform: ["Dispatch", "Foundation", "Glibc"]),
  ])
}
