import BOLT11
import Engine
import Foundation
import L402
import Lightning
import NodeRPC

extension Configuration {
  /// The node the provider chose. Opening it does not yet ask it anything, but for the embedded one, which is opened for
  /// good.
  func openNode(_ secrets: Secrets, clock: any WallClock) throws -> any LightningNode {
    switch lightning {
    case .embedded: return try EmbeddedNode(directory: stateDirectory + "/lightning", clock: clock)
    case .lnd(let access):
      return LNDNode(
        try LNDClient(access.address, macaroon: access.macaroon), preimageSecret: try secrets.preimageSecret(),
        clock: clock)
    case .cln(.socket(let path)): return CLNNode(CLNClient(socket: path), clock: clock)
    case .cln(.rest(let address, let rune)): return CLNNode(try CLNClient(address, rune: rune), clock: clock)
    case .lnbits(let access):
      return LNbitsNode(
        try LNbitsClient(access.address, invoiceKey: access.invoiceKey, adminKey: access.adminKey), clock: clock)
    case .phoenixd(let access):
      return PhoenixdNode(try PhoenixdClient(access.address, password: access.password), clock: clock)
    }
  }
}

extension Configuration {
  /// The chain of the node's invoices. A node that is away when the daemon starts does not keep it from serving those who
  /// have paid: what the node said last time counts until it is back.
  func network(of node: any LightningNode) async throws -> String {
    let file = stateDirectory + "/lightning-network"
    let line = { (network: String) in "\(node.name) \(network)\n" }
    do throws(NodeError) {
      let network = try await node.info().network
      // What cannot be written is asked for again next time.
      try? line(network).write(toFile: file, atomically: true, encoding: .utf8)
      return network
    } catch {
      // Without its file it is not known, and the node's own refusal is what is said.
      guard error.kind == .unavailable, let known = try? String(contentsOfFile: file, encoding: .utf8),
        let network = Network.allCases.first(where: { line($0.rawValue) == known })
      else { throw error }
      return network.rawValue
    }
  }
}
