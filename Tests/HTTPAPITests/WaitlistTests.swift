import Engine
import Foundation
import HTTPTypes
import Ledger
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct WaitlistTests {
  @Test func aFullOfferSaysWhereToWait() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let provider = "Bearer \(Bench.adminToken)"
        let body = #"{"offer":"disk"}"#
        #expect(try await door.ask(.post, "/v1/offers/disk/waitlist", body).problem.code == "place-free")
        // All but nothing of the host is taken away.
        try await bench.fill()
        let full = try await door.ask(.post, "/v1/leases", body)
        #expect(full.status == 409)
        #expect(try full.problem.code == "no-capacity")
        #expect(try full.problem.links?["waitlist"] == "/v1/offers/disk/waitlist")
        #expect(try await door.ask(.post, "/v1/offers/disk/waitlist", #"{"offer":"box"}"#).status == 422)
        let joined = try await door.ask(.post, "/v1/offers/disk/waitlist", body)
        #expect(joined.status == 201)
        #expect(joined.headers[.cacheControl] == "no-store")
        let entry = try joined.document(WaitlistDocument.self)
        #expect(entry.state == "waiting" && entry.position == 1)
        let ticket = try #require(entry.ticket)
        let here = "/v1/waitlist/\(ticket)"
        #expect(entry.links?["self"] == here)
        let looked = try await door.ask(.get, here).document(WaitlistDocument.self)
        #expect(looked.state == "waiting" && looked.ticket == nil)
        let list = try await door.ask(.get, "/admin/v1/waitlist", authorization: provider)
        #expect(try list.document(ListDocument<WaitlistDocument>.self).items.map(\.ticket) == [nil])
        #expect(!list.text.contains(ticket))
        let told = #"{"offer":"disk","contacts":[{"webhook":"https://a.example/x"}]}"#
        let named = try await door.ask(.post, "/v1/offers/disk/waitlist", told).document(WaitlistDocument.self)
        #expect(named.contacts?.first?.secret?.hasPrefix("whsec_") == true)
        let shown = try await door.ask(.get, "/v1/waitlist/\(try #require(named.ticket))").text
        #expect(!shown.contains("whsec_") && !shown.contains("example"))
        let mail = #"{"offer":"disk","contacts":[{"email":"a@b.example"}]}"#
        #expect(try await door.ask(.post, "/v1/offers/disk/waitlist", mail).status == 422)
        for _ in 0..<1 { #expect(try await door.ask(.post, "/v1/offers/disk/waitlist", body).status == 201) }
        let many = try await door.ask(.post, "/v1/offers/disk/waitlist", body)
        #expect(try many.problem.code == "waitlist-full")
        // The host has room again.
        try await bench.empty()
        try await bench.engine.waitlist.giveFreePlaces()
        let offered = try await door.ask(.get, here)
        #expect(offered.status == 402)
        #expect(try offered.problem.held == true)
        let credential = try await door.pay(offered)
        #expect(try await door.ask(.post, "/v1/leases", body, authorization: credential).status == 201)
        #expect(try await door.ask(.get, here).document(WaitlistDocument.self).state == "taken")
        #expect(try await door.ask(.delete, here).status == 204)
        let unknown = try await door.ask(.get, "/v1/waitlist/" + String(repeating: "0", count: 26))
        #expect(unknown.status == 404)
        #expect(try unknown.problem.code == "unknown-waitlist-entry")
      }
    }
  }

  /// The program as it is built: it joins, pays when it is its turn, and has the lease.
  @Test func theProgramWaitsForItsTurnAndRents() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        try await bench.fill()
        let program = try Program(["rent", "disk", "--wait", "--yes", "--json", "--quiet"], port: door.port)
        defer { program.end() }
        while try await bench.engine.waitlist.list(limit: 1).isEmpty, program.isRunning {
          try Task.checkCancellation()
          await Task.yield()
        }
        try await bench.empty()
        try await bench.engine.waitlist.giveFreePlaces()
        let (status, text) = try await program.outcome()
        #expect(status == 0, "\(text)")
        let entry = try #require(try await bench.engine.waitlist.list(limit: 1).first)
        #expect(entry.state == .taken)
        #expect(text.contains(try #require(entry.entry.lease).description))
      }
    }
  }
}

/// `leasehold`, beside the tests, for the same build made both; with a home of its own.
private struct Program {
  private let process = Process()
  private let home = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-\(UUID().uuidString)")
  private let ended = AsyncStream<Void>.makeStream()
  private var written: URL { home.appendingPathComponent("out") }

  init(_ arguments: [String], port: Int) throws {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    process.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("leasehold")
    process.arguments = arguments
    process.environment = [
      "HOME": home.path, "PATH": "/usr/bin:/bin", "LEASEHOLD_SERVER": "http://127.0.0.1:\(port)",
    ]
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
    try Data().write(to: written)
    let output = try FileHandle(forWritingTo: written)
    (process.standardInput, process.standardOutput, process.standardError) = (FileHandle.nullDevice, output, output)
    process.terminationHandler = { [ended] _ in ended.continuation.finish() }
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  func outcome() async throws -> (status: Int32, text: String) {
    for await _ in ended.stream {}
    return (process.terminationStatus, try String(contentsOf: written, encoding: .utf8))
  }

  func end() {
    if process.isRunning { process.terminate() }
    try? FileManager.default.removeItem(at: home)  // It may not be there.
  }
}

extension Bench {
  private func setDisk(_ room: ByteCount) async throws {
    let hosts = Bench.catalog.hosts.map { host in
      host.kind == .disk
        ? HostCapacity(host: host.host, kind: .disk, limit: .init(disk: room), uidBase: host.uidBase) : host
    }
    try await engine.store.transaction { tx in try tx.setHosts(hosts) }
  }

  fileprivate func fill() async throws { try await setDisk(ByteCount(0)) }
  fileprivate func empty() async throws { try await setDisk(.mebibytes(64)) }
}
