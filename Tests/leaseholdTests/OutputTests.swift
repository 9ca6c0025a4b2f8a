import Foundation
import QR
import Testing
import Units
import Wire

@testable import RenterKit
@testable import leasehold

@Suite struct OutputTests {
  @Test func withJsonEachAnswerIsOneDocument() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      for command in [
        ["offers"], ["offers", "disk-small"], ["list"], ["show", lease], ["renew", lease, "--yes"], ["usage", lease],
        ["ledger", lease], ["explain", lease], ["credential", "list", lease], ["credential", "export", lease],
        ["budget"], ["wallet"], ["recover"], ["autopay", "--once", lease], ["token", "show", lease],
        ["token", "narrow", lease, "--read-only"], ["put", "/etc/hostname", "\(lease):/x"],
      ] {
        let outcome = try await storefront.run(command + ["--json"])
        #expect(outcome.status == 0, "\(command): \(outcome.error)")
        #expect(throws: Never.self, "\(command): \(outcome.output)") { try outcome.document() }
        let table = try await storefront.run(command)
        #expect(table.status == 0, "\(command)")
        // What is moved says how far it is on a terminal, and nothing elsewhere.
        if command[0] != "put" { #expect(!table.output.isEmpty && !table.output.hasPrefix("{"), "\(command)") }
      }
    }
  }

  @Test func aListWarnsOfWhatEndsWithinADay() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let soon = NextAction(action: "renew_by", at: Timestamp(Storefront.now + 7_200), avoidMsat: 10_000)
      storefront.shop.state.withLock { $0.next = [soon] }
      let warned = try await storefront.run("list")
      #expect(warned.status == 0)
      #expect(warned.error.contains("ends in "), "\(warned.error)")
      #expect(warned.error.contains("buys more time for 10 sat"), "\(warned.error)")
      #expect(!warned.output.contains("buys more time"))
      #expect(try await storefront.run("list", "--quiet").error.isEmpty)
      let far = NextAction(action: "renew_by", at: Timestamp(Storefront.now + 90_000), avoidMsat: 10_000)
      storefront.shop.state.withLock { $0.next = [far] }
      #expect(try await storefront.run("list").error.isEmpty)
      #expect(!lease.isEmpty)
    }
  }

  @Test func progressGoesToTerminalsOnly() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let big = try storefront.write(String(repeating: "x", count: 3 << 20), to: "big")
      for command in [["put", big, "\(lease):/big"], ["get", "\(lease):/big", "back"]] {
        let outcome = try await storefront.run(command)
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.output.isEmpty, "\(command): \(outcome.error)")
        #expect(outcome.error.isEmpty, "\(command): \(outcome.error)")
      }
    }
  }

  @Test func theConfigurationFileNamesServerAndWalletAndItsMistakesAreNamed() async throws {
    try await Storefront.open { storefront in
      func run(_ json: String) async throws -> Storefront.Outcome {
        _ = try storefront.write(json, to: ".config/leasehold/config.json")
        return try await storefront.run(["wallet", "--json"], environment: ["LEASEHOLD_SERVER": ""])
      }
      let good = try await run(
        #"{"server":"\#(storefront.server.address)","wallet":{"kind":"manual","per_day_sats":7}}"#)
      #expect(good.status == 0, "\(good.error)")
      #expect(try good.document()["kind"] as? String == "manual")
      #expect(try good.document()["per_day_msat"] as? Int == 7_000)
      for (json, words) in [
        (#"{"walet":{}}"#, "walet"), (#"{"wallet":{"kind":"gold"}}"#, "kind"), ("{", "no JSON"),
        (#"{"server":"nowhere"}"#, "server"), (#"{"wallet":{"per_day_sats":-1}}"#, "per_day_sats"),
        (#"{"wallet":{"macaroon":"secret"}}"#, "macaroon"),
      ] {
        let bad = try await run(json)
        #expect(bad.status == 2, "\(json): \(bad.status) \(bad.error)")
        #expect(bad.error.contains(words), "\(json): \(bad.status) \(bad.error)")
        #expect(!bad.error.contains("secret"))
      }
      let missing = try await storefront.run("offers", "--config", "/no/such/file")
      #expect(missing.status == 2)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func paidByHandACodeToScanTheTextAndTheLeaseOnceItIsPaid() async throws {
    try await Storefront.open { storefront in
      let shop = storefront.shop
      // Somebody with a telephone, as soon as there is an invoice.
      let payer = Task {
        while !Task.isCancelled {
          let isPaid = shop.state.withLock { state in
            guard let hash = state.sales.keys.first, state.requests.contains(where: { $0.path.contains(hash) }) else {
              return false
            }
            shop.settle(hash, &state)
            return true
          }
          if isPaid { return }
          await Task.yield()
        }
      }
      defer { payer.cancel() }
      let outcome = try await storefront.run("rent", "disk-small", "--yes", "--wallet", "manual", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try outcome.document()["state"] as? String == "active")
      let invoice = try #require(shop.state.withLock { $0.sales.values.first?.challenge.invoice })
      #expect(outcome.error.contains("lightning:\(invoice)\n"))
      #expect(outcome.error.contains("█"))
      #expect(!outcome.error.contains("\u{1b}"))
      #expect(shop.state.withLock { $0.payments }.isEmpty)
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func interruptedWhileWaitingForAPersonTheSameCommandGoesOnWithTheSameInvoice() async throws {
    try await Storefront.open { storefront in
      let shop = storefront.shop
      let first = try await storefront.run(["rent", "disk-small", "--yes", "--by-hand"]) { process in
        // It has asked after the payment: the invoice is on the screen.
        while process.isRunning, !Task.isCancelled,
          !shop.state.withLock({ $0.requests.contains { $0.path.hasPrefix("/v1/payments/") } })
        {
          await Task.yield()
        }
        if process.isRunning { process.interrupt() }
      }
      #expect(first.status == 130)
      shop.state.withLock { state in
        for hash in state.sales.keys { shop.settle(hash, &state) }
      }
      let second = try await storefront.run("rent", "disk-small", "--yes", "--by-hand", "--json")
      #expect(second.status == 0, "\(second.error)")
      #expect(shop.state.withLock { ($0.sales.count, $0.leases.count) } == (1, 1))
    }
  }

  @Test func autopayPutsOutALineForEachThingItDoes() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      storefront.shop.state.withLock { $0.terms[lease] = Shop.Term(paidUntil: Storefront.now + 5) }
      let outcome = try await storefront.run("autopay", "--yes", "--max-periods", "1", "--json", "--lead", "30", lease)
      #expect(outcome.status == 0, "\(outcome.error)")
      let lines = outcome.output.split(separator: "\n").map(String.init(_:))
      #expect(lines.first?.contains(#""event":"renewed""#) == true)
      #expect(lines.last?.contains("enough-periods") == true)
      storefront.shop.state.withLock { $0.terms[lease] = Shop.Term(paidUntil: Storefront.now + 5) }
      let refused = try await storefront.run("autopay", "--once", "--max-sats", "1")
      #expect(refused.status == 3, "\(refused.output)")
      #expect(refused.output.contains("refused"), "\(refused.output)")
    }
  }

  @Test func aCodeIsDrawnWholeOrNotAtAll() throws {
    let code = try #require(QRCode("LIGHTNING:LNBC1"))
    let lines = code.text(colored: false).split(separator: "\n")
    #expect(lines.allSatisfy { $0.count == code.columns })
    #expect(lines.count == (code.columns + 1) / 2)
    // The three finders, dark on a light border.
    #expect(code.modules[0].prefix(8) == [true, true, true, true, true, true, true, false])
    #expect(lines[0].allSatisfy { $0 == "█" })
    #expect(QRCode("") == nil)
    #expect(QRCode(String(repeating: "x", count: 5_000)) == nil)
    let narrow = Remarks.request(
      "lnbc1", msat: 1_000, expiresAt: Storefront.now + 60, now: Storefront.now, columns: 10, colored: false)
    #expect(narrow.contains("10 columns wide"))
    #expect(narrow.contains("lightning:lnbc1"))
  }

  @Test func aFolderFromAHostileProviderStaysInItsPlace() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      // The last is of an honest one.
      let hrefs = [
        "..%2F%CC%81out", "..%2Fout", "%2E%2E", "a%00b", "%2F%CC%81out", "inside", "%CC%81mark",
      ].map { "<response><href>/dav/\(lease)/\($0)</href></response>" }
      storefront.shop.state.withLock { $0.listing = "<multistatus>\(hrefs.joined())</multistatus>" }
      let place = storefront.home.appendingPathComponent("deep/er")
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      let outcome = try await storefront.run("get", "-r", "\(lease):/", place.path)
      #expect(outcome.status == 0, "\(outcome.error)")
      let inside = try FileManager.default.contentsOfDirectory(atPath: place.path)
      #expect(Set(inside) == ["inside", "\u{301}mark"], "\(inside)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: place.path + "/..") == ["er"])
    }
  }
}
