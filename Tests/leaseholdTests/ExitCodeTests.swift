import ArgumentParser
import Foundation
import Testing

@testable import RenterKit
@testable import leasehold

/// Every command, as a script meets it.
@Suite struct ExitCodeTests {
  /// Commands of a lease, with what else they need; LEASE is the lease.
  private static let ofLease: [[String]] = [
    ["show", "LEASE"], ["renew", "LEASE", "--yes"], ["change", "LEASE", "other", "--yes"],
    ["release", "LEASE", "--yes"],
    ["refund", "LEASE", "lnbc1"], ["refund", "LEASE", "--to", "LEASE"], ["refund", "LEASE", "--list"],
    ["usage", "LEASE"], ["ledger", "LEASE"], ["explain", "LEASE"], ["events", "LEASE"],
    ["exec", "LEASE", "--", "true"], ["logs", "LEASE"], ["start", "LEASE"], ["stop", "LEASE"],
    ["put", "/etc/hostname", "LEASE:/x"], ["get", "LEASE:/x", "back"], ["ls", "LEASE"], ["rm", "LEASE:/x"],
    ["credential", "show", "LEASE"], ["credential", "list", "LEASE"], ["credential", "swap", "LEASE"],
    ["credential", "rotate", "LEASE"], ["credential", "narrow", "LEASE", "--read-only"],
    ["credential", "revoke", "LEASE", "00"], ["mount", "LEASE", "EMPTY"], ["autopay", "--yes", "--once", "LEASE"],
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

  @Test func badUsageIs2SaidOnStandardErrorForEveryCommand() async throws {
    #expect(Self.leaves.count > 45)
    try await Storefront.open { storefront in
      try await each(Self.leaves) { command in
        let outcome = try await storefront.run(command + ["--no-such-option"])
        #expect(outcome.status == 2, "\(command): \(outcome.error)")
        #expect(outcome.output.isEmpty, "\(command)")
        #expect(outcome.error.contains("Usage: leasehold"), "\(command)")
      }
    }
  }

  @Test func aLeaseThatNobodyHereKnowsIs4() async throws {
    try await Storefront.open { storefront in
      try await each(Self.ofLease + Self.offline) { command in
        let outcome = try await storefront.run(command.map { $0.replacing("LEASE", with: "unknown") })
        #expect(outcome.status == 4, "\(command): \(outcome.error)")
        #expect(outcome.output.isEmpty, "\(command)")
        #expect(outcome.error.hasPrefix("leasehold: "), "\(command)")
      }
    }
  }

  @Test func aLeaseThatTheServerDoesNotKnowIs4OneThatIsOverToo() async throws {
    for (status, code) in [(404, "unknown-lease"), (410, "lease-closed")] {
      try await Storefront.open { storefront in
        let lease = try await storefront.rent()
        let empty = FileManager.default.temporaryDirectory.appendingPathComponent("empty-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: empty) }  // What is left is swept with the test's folder.
        storefront.shop.state.withLock { $0.refusal = (status, code) }
        try await each(Self.ofLease) { command in
          let outcome = try await storefront.run(
            command.map { $0.replacing("LEASE", with: lease).replacing("EMPTY", with: empty) })
          let finds = command.first != "autopay"
          #expect(outcome.status == 4, "\(command): \(outcome.status) \(outcome.error)")
          if finds { #expect(outcome.output.isEmpty && outcome.error.contains(code), "\(command): \(outcome.error)") }
        }
      }
    }
  }

  @Test func noCapacityIs5() async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      storefront.shop.state.withLock { $0.refusal = (409, "no-capacity") }
      #expect(try await storefront.run("rent", "disk-small", "--yes").status == 5)
      #expect(try await storefront.run("change", lease, "disk-large", "--yes").status == 5)
      storefront.shop.state.withLock { $0.refusal = (409, "idempotency-conflict") }
      #expect(try await storefront.run("rent", "disk-small", "--yes").status == 1)
    }
  }

  @Test func overBudgetOverTheLimitAndDeclinedAre3AndNothingIsPaid() async throws {
    try await Storefront.open { (storefront) async throws in
      #expect(try await storefront.run("rent", "disk-small", "--yes", "--max-sats", "20").status == 3)
      #expect(
        try await storefront.run("rent", "disk-small", "--yes", environment: ["LEASEHOLD_WALLET_PER_DAY_SATS": "20"])
          .status == 3
      )
      #expect(try await storefront.run("budget", "--per-payment", "1").status == 0)
      #expect(try await storefront.run("rent", "disk-small", "--yes").status == 3)
      #expect(try await storefront.run("budget", "--per-payment", "none").status == 0)
      storefront.shop.state.withLock { $0.declines = true }
      #expect(try await storefront.run("rent", "disk-small", "--yes").status == 3)
      #expect(storefront.shop.state.withLock { $0.payments }.isEmpty)
    }
  }

  @Test func aServerThatIsNotThereIs1() async throws {
    try await Storefront.open { storefront in
      let nowhere = ["LEASEHOLD_SERVER": "http://127.0.0.1:1"]
      for command in [["offers"], ["rent", "x", "--yes"], ["doctor"], ["admin", "--token-file", "token"]] {
        _ = try storefront.write("token", to: "token")
        let outcome = try await storefront.run(command, environment: nowhere)
        #expect(outcome.status == 1, "\(command): \(outcome.error)")
      }
    }
  }

  @Test func aWalletThatIsNotThereIs1OneThatIsNotSetUp2() async throws {
    try await Storefront.open { storefront in
      let away = ["LEASEHOLD_WALLET": "cln", "LEASEHOLD_WALLET_SOCKET": storefront.home.path + "/none"]
      let outcome = try await storefront.run("rent", "disk-small", "--yes", environment: away)
      #expect(outcome.status == 1, "\(outcome.error)")
      #expect(outcome.error.contains("nothing was paid"))
      #expect(try await storefront.run("wallet", environment: away).status == 1)
      #expect(try await storefront.run("rent", "disk-small", "--yes", "--wallet", "lnd").status == 2)
      #expect(try await storefront.run("rent", "disk-small", "--yes", "--wallet", "gold").status == 2)
      #expect(storefront.shop.state.withLock { $0.payments }.isEmpty)
    }
  }
}
