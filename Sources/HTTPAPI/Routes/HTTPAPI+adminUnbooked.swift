import Engine
import HTTPTypes
import Hummingbird
import Wire

/// Money of ours that could not be booked, and the books against the node.
extension HTTPAPI {
  /// For the operator, whose token is asked for where these are put together.
  var unbookedEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/unbooked") { exchange in
        let state = try exchange.query("state") ?? "pending"
        guard ["pending", "all"].contains(state) else { throw Problem.invalid("state", "pending or all") }
        let found = try await engine.operator.unbooked.list(all: state == "all", limit: exchange.limit())
        return .json(ListDocument(items: found.map(UnbookedItem.init(_:))))
      },
      Endpoint(.post, "/admin/v1/unbooked/{payment_hash}/resolve") { exchange in
        let wish = try await exchange.requiredDocument(UnbookedRequest.self)
        try await engine.operator.unbooked.resolve(
          exchange.paymentHash(), reason: wish.reason, requestID: exchange.requestID)
        return Response(status: .noContent)
      },
      Endpoint(.post, "/admin/v1/unbooked/{payment_hash}/credit") { exchange in
        let wish = try await exchange.requiredDocument(UnbookedRequest.self)
        try await engine.operator.unbooked.credit(
          exchange.paymentHash(), reason: wish.reason, requestID: exchange.requestID)
        return Response(status: .noContent)
      },
      Endpoint(.post, "/admin/v1/audit/node") { exchange in
        let wish = try await exchange.document(NodeAuditRequest.self)
        return .json(NodeAuditDocument(try await engine.operator.nodeAudits.compare(takeIn: wish?.takeIn ?? false)))
      },
    ]
  }
}

extension NodeAuditDocument {
  init(_ audit: NodeAudit) {
    func items(_ settlements: [NodeSettlement]) -> [NodeAuditItem] {
      settlements.prefix(100).map {
        NodeAuditItem(
          paymentHash: $0.paymentHash.hex, msat: $0.received.count, settledAt: Timestamp($0.settledAt), label: $0.label)
      }
    }
    self.init(
      listed: audit.listed, complete: audit.isComplete, ours: audit.ours, booked: audit.booked,
      unbooked: audit.unbooked, missing: items(audit.missing), differing: items(audit.differing),
      takenIn: audit.takenIn, sound: audit.isSound)
  }
}
