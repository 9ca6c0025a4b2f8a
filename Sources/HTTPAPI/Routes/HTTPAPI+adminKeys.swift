import Engine
import HTTPTypes
import Hummingbird
import Wire

/// The epochs of the master key, and the end of all credentials of a lease. Behind the provider's token with the rest of
/// `/admin`.
extension HTTPAPI {
  var keyEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/keys") { _ in
        .json(ListDocument(items: try await engine.operator.keys.views().map(KeyEpochItem.init(_:))))
      },
      Endpoint(.post, "/admin/v1/keys/rotate") { exchange in
        .json(KeyEpochItem(try await engine.operator.keys.begin(requestID: exchange.requestID)), .created)
      },
      Endpoint(.delete, "/admin/v1/keys/{epoch}") { exchange in
        guard let epoch = UInt16(exchange.parameter("epoch")) else {
          throw Refusal.invalidField("epoch", "there is no such epoch")
        }
        try await engine.operator.keys.retire(epoch, requestID: exchange.requestID)
        return Response(status: .noContent)
      },
      Endpoint(.delete, "/admin/v1/leases/{lease}/credentials") { exchange in
        let revoked = try await engine.operator.revocations.revokeAll(
          of: exchange.lease(), requestID: exchange.requestID)
        return .json(RevokedDocument(revoked: revoked))
      },
    ]
  }
}

extension KeyEpochItem {
  init(_ view: KeyEpochView) {
    self.init(
      epoch: Int(view.key.epoch), state: view.state.rawValue, createdAt: Timestamp(view.key.createdAt),
      mintsFrom: Timestamp(view.key.mintsFrom), retiredAt: view.key.retiredAt.map(Timestamp.init(_:)),
      credentials: view.credentials)
  }
}
