import Engine
import Hummingbird
import Ledger
import Wire

/// What renters were to be told and was not. Behind the provider's token with the rest of `/admin`.
extension HTTPAPI {
  var noticeEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/notices") { exchange in
        let found = try await engine.operator.notices.list(limit: exchange.limit())
        return .json(ListDocument(items: found.map(DeadLetterItem.init(_:))))
      },
      Endpoint(.post, "/admin/v1/notices/retry") { exchange in
        let wish = try await exchange.requiredDocument(RetryNoticesRequest.self)
        var lease: LeaseID?
        if let text = wish.lease {
          guard let id = LeaseID(text) else { throw Problem.invalid("lease", "is no lease id") }
          lease = id
        }
        let retried = try await engine.operator.notices.retry(
          id: wish.id, of: lease, reason: wish.reason, requestID: exchange.requestID)
        return .json(RetriedDocument(retried: retried))
      },
    ]
  }
}

extension DeadLetterItem {
  init(_ row: DeliveryRow) {
    self.init(
      id: row.id, lease: row.lease.description, channel: row.channel.rawValue, kind: row.notice?.kind.rawValue,
      announcedAt: Timestamp(row.announcedAt), deadline: Timestamp(row.deadline), attempts: row.attempts,
      error: row.lastError, deadAt: row.deadAt.map(Timestamp.init(_:)))
  }
}
