import NIOCore
import Synchronization

/// Makes a ``GatewayHandler`` for each connection of a server.
///
/// Connections to containers are kept for their next request by event loop, so that a request never leaves its own.
public final class Gateway: Sendable {
  private let gate: any GatewayGate
  private let rules: GatewayRules
  private let scheme: @Sendable (_ peer: String?) -> String
  private let pools = Mutex<[ObjectIdentifier: NIOLoopBound<UpstreamPool>]>([:])

  /// - Parameter scheme: in which clients of this peer ask: `https` where a proxy in front ends TLS.
  public init(
    _ gate: any GatewayGate, rules: GatewayRules = GatewayRules(),
    scheme: @escaping @Sendable (_ peer: String?) -> String = { _ in "http" }
  ) {
    self.gate = gate
    self.rules = rules
    self.scheme = scheme
  }

  /// On the channel's event loop.
  public func makeHandler(for channel: any Channel) -> GatewayHandler {
    let loop = channel.eventLoop
    let bound = pools.withLock { pools in
      if let pool = pools[ObjectIdentifier(loop)] { return pool }
      let pool = NIOLoopBound(UpstreamPool(rules), eventLoop: loop)
      pools[ObjectIdentifier(loop)] = pool
      return pool
    }
    let peer = channel.remoteAddress?.ipAddress
    return GatewayHandler(gate: gate, rules: rules, pool: bound.value, peer: peer, scheme: scheme(peer))
  }
}
