import ArgumentParser
import Foundation
import Testing

@testable import RenterKit
@testable import leasehold

/// Every command, as a script meets it.
@Suite struct ExitCodeTests {
  /// Commands of a lease, with what else they need; LEASE is the lease.
  private static let ofLease: [[String]] = [
    ["show", "LEASE"], ["renew", "LEASE"], ["change", "LEASE", "other"], ["release", "LEASE"],
    ["refund", "LEASE", "lnbc1"], ["refund", "LEASE", "--to", "LEASE"], ["refund", "LEASE", "--list"],
    ["usage", "LEASE"], ["ledger", "LEASE"], ["explain", "LEASE"], ["events", "LEASE"],
    ["exec", "LEASE", "--", "true"], ["logs", "LEASE"], ["start", "LEASE"], ["stop", "LEASE"],
    ["put", "/etc/hostname", "LEASE:/x"], ["get", "LEASE:/x", "back"], ["ls", "LEASE"], ["rm", "LEASE:/x"],
    ["credential", "show", "LEASE"], ["credential", "list", "LEASE"], ["credential", "swap", "LEASE"],
    ["credential", "rotate", "LEASE"], ["credential", "narrow", "LEASE", "--read-only"],
    ["credential", "revoke", "LEASE", "00"], ["mount", "LEASE", "."], ["autopay", "--once", "LEASE"],
  ]

  private static let offline: [[String]] = [
    ["credential", "export", "LEASE"], ["token", "show", "LEASE"], ["token", "narrow", "LEASE", "--read-only"],
  ]

  private static let leaves: [[String]] = {
    func walk(_ command: any ParsableCommand.Type, _ path: [String]) -> [[String]] {
      let groups = command.configuration.groupedSubcommands.flatMap(\.subcommands)
      let subcommands = command.configuration.subcommands + groups
      guard !subcommands.isEmpty else { return [path] }
      return subcommands.flatMap { walk($0, path + [$0.configuration.commandName ?? $0._commandName]) }
    }
    return walk(LeaseholdCommand.self, [])
  }()

  private func each(
    _ commands: [[String]], _ check: @escaping @Sendable ([String]) async throws -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, command) in commands.enumerated() {
        // A few at a time: each is a process.
        if index >= 4 { try await group.next() }
        group.addTask { try await check(command) }
      }
      try await group.waitForAll()
    }
  }

  @Test func `bad usage is 2, said on standard error, for every command`() async throws {
    #expect(Self.leaves.count > 45)
    try await Storefront.open { storefront in
      try await each(Self.leaves) { command in
        let outcome = try await storefront.run(command + ["--no-such-option"])
        #expect(outcome.status == 2, "\(command): \(outcome.error)")
        #expect(outcome.output.isEmpty && outcome.error.contains("Usage: leasehold"), "\(command)")
      }
    }
  }

  @Test func `a lease that nobody here knows is 4`() async throws {
    try await Storefront.open { storefront in
      try await each(Self.ofLease + Self.offline) { command in
        let outcome = try await storefront.run(command.map { $0.replacing("LEASE", with: "unknown") })
        #expect(outcome.status == 4, "\(command): \(outcome.error)")
        #expect(outcome.output.isEmpty && outcome.error.hasPrefix("leasehold: "), "\(command)")
      }
    }
  }

  @Test func `a lease that the server does not know is 4, one that is over too`() async throws {
    for (status, code) in [(404, "unknown-lease"), (410, "lease-closed")] {
      try await Storefront.open { storefront in
        let lease = try await storefront.rent()
        storefront.shop.state.withLock { $0.refusal = (status, code) }
        try await each(Self.ofLease) { command in
          let outcome = try await storefront.run(command.map { $0.replacing("LEASE", with: lease) })
          let finds = command.first != "autopay"
          #expect(outcome.status == 4, "\(command): \(outcome.status) \(outcome.error)")
          if finds { #expect(outcome.output.isEmpty && outcome.error.contains(code), "\(command): \(outcome.error)") }
        }
      }
    }
  }

  @Test func `no capacity is 5`() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      storefront.shop.state.withLock { $0.refusal = (409, "no-capacity") }
      #expect(try await storefront.run("rent", "disk-small").status == 5)
      #expect(try await storefront.run("change", lease, "disk-large").status == 5)
      storefront.shop.state.withLock { $0.refusal = (409, "idempotency-conflict") }
      #expect(try await storefront.run("rent", "disk-small").status == 1)
    }
  }

  @Test func `over budget, over the limit and declined are 3, and nothing is paid`() async throws {
    try await Storefront.open { (storefront) async throws in
      #expect(try await storefront.run("rent", "disk-small", "--max-sats", "20").status == 3)
      #expect(
        try await storefront.run("rent", "disk-small", environment: ["LEASEHOLD_WALLET_PER_DAY_SATS": "20"]).status == 3
      )
      #expect(try await storefront.run("budget", "--per-payment", "1").status == 0)
      #expect(try await storefront.run("rent", "disk-small").status == 3)
      #expect(try await storefront.run("budget", "--per-payment", "none").status == 0)
      storefront.shop.state.withLock { $0.declines = true }
      #expect(try await storefront.run("rent", "disk-small").status == 3)
      #expect(storefront.shop.state.withLock { $0.payments }.isEmpty)
    }
  }

  @Test func `a server that is not there is 1`() async throws {
    try await Storefront.open { storefront in
      let nowhere = ["LEASEHOLD_SERVER": "http://127.0.0.1:1"]
      for command in [["offers"], ["rent", "x"], ["doctor"], ["admin", "--token-file", "token"]] {
        _ = try storefront.write("token", to: "token")
        let outcome = try await storefront.run(command, environment: nowhere)
        #expect(outcome.status == 1, "\(command): \(outcome.error)")
      }
    }
  }

  @Test func `a wallet that is not there is 1, one that is not set up 2`() async throws {
    try await Storefront.open { storefront in
      let away = ["LEASEHOLD_WALLET": "cln", "LEASEHOLD_WALLET_SOCKET": storefront.home.path + "/none"]
      let outcome = try await storefront.run("rent", "disk-small", environment: away)
      #expect(outcome.status == 1, "\(outcome.error)")
      #expect(outcome.error.contains("nothing was paid"))
      #expect(try await storefront.run("wallet", environment: away).status == 1)
      #expect(try await storefront.run("rent", "disk-small", "--wallet", "lnd").status == 2)
      #expect(try await storefront.run("rent", "disk-small", "--wallet", "gold").status == 2)
      #expect(storefront.shop.state.withLock { $0.payments }.isEmpty)
    }
  }
}
