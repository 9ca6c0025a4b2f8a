import Engine
import Foundation
import Lightning
import TestKit
import TestNodes
import Testing
import Units

/// The bench that real nodes are tried on, tried itself: on a server that speaks Core Lightning's wire in real time, and
/// pays itself.
@Suite struct RealBenchTests {
  private func running<T>(_ body: (_ socket: String) async throws -> T) async throws -> T {
    let directory = TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    let server = CLNServer(NodeBook(clock: RealClock())).overSocket(directory.path + "/rpc")
    try await server.start()
    let result: Result<T, any Error>
    do { result = .success(try await body(server.path)) } catch { result = .failure(error) }
    await server.stop()
    return try result.get()
  }

  @Test(
    arguments: LightningNodeExercise.allCases.filter { $0 != .expires && $0 != .answersTheSameLabelWithTheSameInvoice })
  func conforms(_ exercise: LightningNodeExercise) async throws {
    try await running { socket in
      let pair = try RealPair(socket, payer: nil, kind: "cln")
      try await pair.balance(socket)
      // Somebody else's settlements lie before and between.
      for index in 0..<3 {
        let made = try await pair.node.open().createInvoice(
          InvoiceRequest(label: "other \(index)", amount: 1_000, description: "other", expiry: 600))
        _ = try await pair.payer.open().pay(made.bolt11, maxFee: 1_000)
      }
      try await exercise.run(on: RealBench(pair, expiry: 600))
    }
  }

  @Test(arguments: PayingNodeExercise.cases(on: RealBench.self))
  func pays(_ exercise: PayingNodeExercise) async throws {
    try await running { socket in
      let access = #"{"socket": "\#(socket)"}"#
      for text in [#"{"node": \#(access), "payer": \#(access)}"#, access] {
        try await exercise.run(on: RealBench(try RealPair(text, payer: socket, kind: "cln"), expiry: 600))
      }
    }
  }
}
