import Engine
import Foundation
import Lightning
import TestKit
import Testing
import Units

/// Adapters against the real thing. `scripts/test` starts an LNbits and names it in `LEASEHOLD_TEST_LNBITS`; a node of
/// yours is tried when `LEASEHOLD_TEST_CLN`, `LEASEHOLD_TEST_LND` or `LEASEHOLD_TEST_PHOENIXD` names it (``RealPair``), and
/// what pays it, there or in the same name with `_PAYER` behind. Never one with money on it: what is made there stays there.
@Suite struct RealNodeTests {
  static func pair(_ variable: String) throws -> RealPair? {
    let environment = ProcessInfo.processInfo.environment
    guard let text = environment[variable] else { return nil }
    let kind = variable.split(separator: "_").last.map { $0.lowercased() } ?? ""
    return try RealPair(text, payer: environment[variable + "_PAYER"], kind: kind)
  }

  static let named = ["LEASEHOLD_TEST_CLN", "LEASEHOLD_TEST_LND", "LEASEHOLD_TEST_PHOENIXD"]
    .filter { ProcessInfo.processInfo.environment[$0] != nil }
  /// Those of which a node is known to hold.
  static let holding = named.filter { $0 == "LEASEHOLD_TEST_LND" }

  /// What lets an invoice run out makes it short.
  private func expiry(_ exercise: LightningNodeExercise) -> Seconds {
    [.expires, .answersTheSameLabelWithTheSameInvoice].contains(exercise) ? 20 : 600
  }

  @Suite(.needs(.lnbits)) struct LNbits {
    /// They share a node, and know nothing of each other's payments.
    @Test func eachWalletIsAPayerOfItsOwn() async throws {
      let pair = try await LNbitsServerAccess.pairOfWallets()
      let first = try await pair.node.open().payerID()
      #expect(try await pair.node.open().payerID() == first)
      #expect(try await pair.payer.open().payerID() != first)
    }

    @Test(arguments: LightningNodeExercise.allCases)
    func conforms(_ exercise: LightningNodeExercise) async throws {
      try await exercise.run(
        on: RealBench(LNbitsServerAccess.pairOfWallets(), expiry: RealNodeTests().expiry(exercise)))
    }

    @Test(arguments: PayingNodeExercise.cases(on: RealBench.self))
    func pays(_ exercise: PayingNodeExercise) async throws {
      try await exercise.run(on: RealBench(LNbitsServerAccess.pairOfWallets(), expiry: 600))
    }
  }

  @Test(.enabled(if: !named.isEmpty), arguments: named, LightningNodeExercise.allCases)
  func conforms(_ variable: String, _ exercise: LightningNodeExercise) async throws {
    try await exercise.run(on: RealBench(try await balanced(variable), expiry: expiry(exercise)))
  }

  @Test(.enabled(if: !named.isEmpty), arguments: named, PayingNodeExercise.cases(on: RealBench.self))
  func pays(_ variable: String, _ exercise: PayingNodeExercise) async throws {
    try await exercise.run(on: RealBench(try await balanced(variable), expiry: 600))
  }

  @Test(.enabled(if: !holding.isEmpty), arguments: holding, HoldingNodeExercise.allCases)
  func holds(_ variable: String, _ exercise: HoldingNodeExercise) async throws {
    try await exercise.run(on: RealBench(try await balanced(variable), expiry: 600))
  }

  private func balanced(_ variable: String) async throws -> RealPair {
    let pair = try #require(try Self.pair(variable))
    try await pair.balance(variable)
    return pair
  }
}

/// The LNbits that `scripts/lnbits` started: `{"url": …, "token": …}`, the superuser's token.
private struct LNbitsServerAccess: Codable {
  var url: String
  var token: String

  private struct Wallet: Codable {
    var id: String
    var adminkey: String
  }

  struct Unanswered: Error { var path: String }

  /// Two wallets of their own, with money of the server's making.
  static func pairOfWallets() async throws -> RealPair {
    let text = try #require(ProcessInfo.processInfo.environment["LEASEHOLD_TEST_LNBITS"])
    let server = try JSONDecoder().decode(LNbitsServerAccess.self, from: Data(text.utf8))
    return RealPair(node: try await server.wallet("merchant"), payer: try await server.wallet("renter"))
  }

  private func wallet(_ name: String) async throws -> RealPair.Access {
    let made = try await send("POST", "/api/v1/account", #"{"name":"\#(name)"}"#)
    let wallet = try JSONDecoder().decode(Wallet.self, from: made)
    _ = try await send("PUT", "/users/api/v1/balance", #"{"id":"\#(wallet.id)","amount":100000}"#)
    return RealPair.Access(kind: "lnbits", url: url, adminKey: wallet.adminkey)
  }

  /// curl speaks for the test: the product's own client is what is tried here.
  private func send(_ method: String, _ path: String, _ body: String) async throws -> Data {
    let curl = Process()
    curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    curl.arguments = [
      "curl", "--silent", "--show-error", "--fail", "--max-time", "60", "--request", method, "--header",
      "Content-Type: application/json", "--header", "Authorization: Bearer \(token)", "--data", body, url + path,
    ]
    let output = Pipe()
    curl.standardOutput = output
    try curl.start()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    curl.waitUntilExit()
    guard curl.terminationStatus == 0 else { throw Unanswered(path: path) }
    return data
  }
}
