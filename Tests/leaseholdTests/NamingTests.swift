import Foundation
import Testing

@testable import Client
@testable import RenterKit
@testable import leasehold

/// Which lease a name means, and where its credential goes.
@Suite struct NamingTests {
  @Test func aLeasesCredentialIsShownToItsOwnServerAlone() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let heard = Shop()
      let listener = try await MiniServer { heard.answer($0) }
      for command in [
        ["show", lease], ["renew", lease, "--yes"], ["release", lease, "--yes"], ["ls", lease + ":/"],
        ["get", lease + ":/x", "-"], ["exec", lease, "--", "true"], ["credential", "swap", lease],
        ["refund", lease, "--to", lease], ["mount", lease, "."], ["autopay", "--once", "--yes", lease],
      ] {
        for arguments in [command + ["--server", listener.address], ["--server", listener.address] + command] {
          // Words for the container stand last.
          guard arguments.first == "--server" || !command.contains("--") else { continue }
          let outcome = try await storefront.run(arguments)
          #expect(outcome.status == 2, "\(arguments): \(outcome.status) \(outcome.error)")
          #expect(outcome.error.contains(storefront.server.address), "\(arguments): \(outcome.error)")
        }
        let outcome = try await storefront.run(command, environment: ["LEASEHOLD_SERVER": listener.address])
        #expect(outcome.status == 2, "\(command): \(outcome.status) \(outcome.error)")
      }
      #expect(heard.state.withLock { $0.requests.isEmpty })
      // Where no server is named the lease says it itself.
      let shown = try await storefront.run("show", lease, environment: ["LEASEHOLD_SERVER": ""])
      #expect(shown.status == 0, "\(shown.error)")
      await listener.close()
    }
  }

  @Test func anotherServersLeaseOfTheSameIdTakesNoPlaceAndMarksNothing() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let state = try StateDirectory(path: storefront.home.path + "/.local/state/leasehold")
      let elsewhere = try #require(ServerAddress("http://127.0.0.1:1"))
      let kept = try #require(try state.storedLease(lease))
      let credential = try #require(kept.credential)
      #expect(throws: ClientError.self) {
        try state.keep(credential, of: lease, at: elsewhere, now: Storefront.now)
      }
      #expect(throws: ClientError.self) {
        try state.keepBought(
          credential, of: lease, at: elsewhere, inPlaceOf: credential.fingerprint, name: nil, now: Storefront.now)
      }
      #expect(try state.storedLease(lease) == kept)
    }
  }

  @Test func theLastOneStaysTheLastOneWhenItIsOver() async throws {
    try await Storefront.open { storefront in
      let first = try await storefront.rent()
      let last = try await storefront.rent()
      let shop = storefront.shop
      shop.state.withLock { $0.terms[last] = Shop.Term(paidUntil: Storefront.now, state: "closed", cause: "release") }
      // Nobody has noticed yet; now somebody has.
      #expect(try await storefront.run("show", "@last").output.contains(last))
      for command in [["release", "@last", "--yes"], ["ls", "@last:/"], ["renew", "@last", "--yes"]] {
        let outcome = try await storefront.run(command)
        #expect(outcome.status == 4, "\(command): \(outcome.error)")
        #expect(outcome.error.contains("is over"), "\(command): \(outcome.error)")
      }
      #expect(
        !shop.state.withLock { state in state.requests.contains { $0.path.contains(first) && $0.method != "POST" } })
      // Money comes back from what is over.
      #expect(try await storefront.run("refund", "@last", "--list").status == 0)
      #expect(try await storefront.run("forget", "@last", "--yes").status == 0)
      let forgotten = try await storefront.run("show", "@last")
      #expect(forgotten.status == 4, "\(forgotten.error)")
      #expect(forgotten.error.contains(last), "\(forgotten.error)")
    }
  }

  @Test func aLeaseIsCalledByANameABeginningOrAnEnding() async throws {
    try await Storefront.open { storefront in
      let rented = try await storefront.run("rent", "disk-small", "--yes", "--json", "--name", "photos")
      let lease = try #require(try rented.document()["id"] as? String)
      let other = try await storefront.rent()
      for name in ["photos", "PHOTOS", String(lease.prefix(8)), String(lease.suffix(8)), "…" + lease.suffix(8)] {
        let shown = try await storefront.run("show", name, "--json")
        #expect(try shown.document()["id"] as? String == lease, "\(name): \(shown.error)")
      }
      let taken = try await storefront.run("rent", "disk-small", "--yes", "--name", "photos")
      #expect(taken.status == 2, "\(taken.error)")
      #expect(storefront.shop.state.withLock { $0.payments.count } == 2, "\(taken.error)")
      #expect(try await storefront.run("name", other, "photos").status == 2)
      #expect(try await storefront.run("name", other, "Photos!").status == 1)
      #expect(try await storefront.run("name", lease, "--none").status == 0)
      #expect(try await storefront.run("name", other, "photos").status == 0)
      let listed = try await storefront.run("list")
      #expect(listed.output.contains("photos"), "\(listed.output)")
      #expect(listed.output.contains(lease), "\(listed.output)")
    }
  }

  @Test func aReleaseAsksAndWhereNobodyCanBeAskedItWantsAYes() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      let outcome = try await storefront.run("release", lease)
      #expect(outcome.status == 2, "\(outcome.error)")
      #expect(outcome.error.contains("--yes"), "\(outcome.error)")
      #expect(!storefront.shop.state.withLock { $0.requests.contains { $0.method == "DELETE" } })
      #expect(try await storefront.run("forget", lease).status == 2)
      #expect(try await storefront.run("show", lease).status == 0)
    }
  }

  @Test func theProvidersTokenThatLiesAboutGoesToThisMachineAlone() throws {
    for (text, isHere) in [
      ("http://127.0.0.1:8402", true), ("http://localhost", true), ("https://[::1]:1/x", true),
      ("http://127.0.0.1.example.org", false), ("http://rent.example", false), ("http://127.evil.example.org", false),
    ] {
      #expect(try #require(ServerAddress(text)).isLoopback == isHere, "\(text)")
    }
  }
}
