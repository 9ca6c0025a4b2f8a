import Engine
import Foundation
import L402
import Lightning
import NodeRPC
import TestKit
import TestNodes
import Testing
import Units

/// Every adapter against a server that speaks its node's wire over a real socket.
@Suite struct RemoteNodeTests {
  @Test(arguments: RemoteBench.Kind.allCases, LightningNodeExercise.allCases)
  func conforms(_ kind: RemoteBench.Kind, _ exercise: LightningNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(kind))
  }

  @Test(arguments: RemoteBench.Kind.allCases, PayingNodeExercise.allCases)
  func pays(_ kind: RemoteBench.Kind, _ exercise: PayingNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(kind))
  }

  @Test(arguments: HoldingNodeExercise.allCases)
  func holds(_ exercise: HoldingNodeExercise) async throws {
    try await exercise.run(on: RemoteBench(.lnd))
  }

  @Test(arguments: RemoteBench.Kind.allCases, NodeWireExercise.allCases)
  func withstands(_ kind: RemoteBench.Kind, _ exercise: NodeWireExercise) async throws {
    // Where nothing else tells of a payment, looking every second does.
    try await exercise.run(on: RemoteBench(kind, sweep: exercise == .losesPushes ? 1 : 600))
  }
}
