import Engine
import Foundation
import Lightning
import TestKit
import Testing
import Units

/// Adapters against the real thing. `scripts/test` starts an LNbits and names it in `LEASEHOLD_TEST_LNBITS`; a node of
/// yours is tried when `LEASEHOLD_TEST_CLN`, `LEASEHOLD_TEST_LND` or `LEASEHOLD_TEST_PHOENIXD` names it and a payer as
/// JSON, `{"node": …, "payer": …}` (``RealBench/Access``). Never one with money on it: what is made there stays there.
@Suite struct RealNodeTests {
  static func pair(_ variable: String) throws -> RealBench.Pair? {
    guard let text = ProcessInfo.processInfo.environment[variable] else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(RealBench.Pair.self, from: Data(text.utf8))
  }

  static let named = ["LEASEHOLD_TEST_CLN", "LEASEHOLD_TEST_LND", "LEASEHOLD_TEST_PHOENIXD"]
    .filter { ProcessInfo.processInfo.environment[$0] != nil }

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

    @Test(arguments: PayingNodeExercise.allCases)
    func pays(_ exercise: PayingNodeExercise) async throws {
      try await exercise.run(on: RealBench(LNbitsServerAccess.pairOfWallets(), expiry: 600))
    }
  }

  @Test(.enabled(if: !named.isEmpty), arguments: named, LightningNodeExercise.allCases)
  func conforms(_ variable: String, _ exercise: LightningNodeExercise) async throws {
    let pair = try #require(try Self.pair(variable))
    try await exercise.run(on: RealBench(pair, expiry: expiry(exercise)))
  }

  @Test(.enabled(if: !named.isEmpty), arguments: named, PayingNodeExercise.allCases)
  func pays(_ variable: String, _ exercise: PayingNodeExercise) async throws {
    let pair = try #require(try Self.pair(variable))
    try await exercise.run(on: RealBench(pair, expiry: 600))
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
  static func pairOfWallets() async throws -> RealBench.Pair {
    let text = try #require(ProcessInfo.processInfo.environment["LEASEHOLD_TEST_LNBITS"])
    let server = try JSONDecoder().decode(LNbitsServerAccess.self, from: Data(text.utf8))
    return RealBench.Pair(node: try await server.wallet("merchant"), payer: try await server.wallet("renter"))
  }

  private func wallet(_ name: String) async throws -> RealBench.Access {
    let made = try await send("POST", "/api/v1/account", #"{"name":"\#(name)"}"#)
    let wallet = try JSONDecoder().decode(Wallet.self, from: made)
    _ = try await send("PUT", "/users/api/v1/balance", #"{"id":"\#(wallet.id)","amount":100000}"#)
    return RealBench.Access(kind: "lnbits", url: url, adminKey: wallet.adminkey)
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
    try curl.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    curl.waitUntilExit()
    guard curl.terminationStatus == 0 else { throw Unanswered(path: path) }
    return data
  }
}
