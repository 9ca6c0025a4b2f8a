import Engine
import HTTPTypes
import Hummingbird
import Leasing
import Ledger
import Units
import Wire

/// What the provider may see and do. Every route asks for the provider's token first.
extension HTTPAPI {
  var adminEndpoints: [Endpoint] {
    let shut: [Endpoint] =
      [
        Endpoint(.get, "/admin/v1/overview") { _ in
          .json(OverviewDocument(try await engine.overview(), node: engine.node.name))
        },
        Endpoint(.get, "/admin/v1/leases", operatorLeases),
        Endpoint(.get, "/admin/v1/leases/{lease}") { exchange in
          let view = try await engine.operatorLease(exchange.lease())
          return .json(AdminLeaseDocument(view, at: engine.clock.now(), base: configuration.publicURL))
        },
        Endpoint(.get, "/admin/v1/leases/{lease}/explain") { exchange in
          let view = try await engine.operatorLease(exchange.lease())
          return .json(ListDocument(items: view.events.map(ExplainItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/variants") { _ in
          .json(ListDocument(items: try await engine.variantFigures().map(VariantItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/audit") { _ in .json(AuditDocument(try await engine.audit())) },
        Endpoint(.get, "/admin/v1/parked") { _ in
          .json(ListDocument(items: try await engine.overview().parked.map(ParkedItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/unbooked") { _ in
          .json(ListDocument(items: try await engine.overview().unbooked.map(UnbookedItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/leases/{lease}/outbox") { exchange in
          let view = try await engine.operatorLease(exchange.lease())
          return .json(ListDocument(items: view.effects.map(EffectItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/outbox") { _ in
          .json(OverviewDocument(try await engine.overview(), node: engine.node.name).overdue)
        },
        Endpoint(.post, "/admin/v1/breaker/release") { _ in
          engine.releaseBreaker()
          return Response(status: .noContent)
        },
      ] + operatorVerbs + keyEndpoints + rateEndpoints
    return shut.map { endpoint in
      Endpoint(endpoint.method, endpoint.path) { exchange in
        try refuseStrangers(exchange)
        return try await endpoint.handler(exchange)
      }
    }
  }

  private var operatorVerbs: [Endpoint] {
    let plain: [(String, Engine.OperatorAction)] = [
      ("freeze", .freeze), ("thaw", .thaw), ("suspend", .suspend), ("resume", .resume),
    ]
    return plain.map { verb, action in
      Endpoint(.post, "/admin/v1/leases/{lease}/\(verb)") { exchange in try await operate(action, exchange) }
    } + [
      Endpoint(.post, "/admin/v1/leases/{lease}/protect") { exchange in
        let wish = try await exchange.document(ProtectRequest.self)
        return try await operate(.protect(wish?.protected ?? true), exchange)
      },
      Endpoint(.post, "/admin/v1/leases/{lease}/evict") { exchange in
        let wish = try await exchange.document(EvictRequest.self)
        return try await operate(.evict(until: wish?.until?.instant), exchange)
      },
    ]
  }

  private func operate(_ action: Engine.OperatorAction, _ exchange: Exchange) async throws -> Response {
    let record = try await engine.operate(action, on: exchange.lease(), requestID: exchange.requestID)
    return .json(AdminLeaseItem(record, at: engine.clock.now(), base: configuration.publicURL))
  }

  private func refuseStrangers(_ exchange: Exchange) throws(Problem) {
    guard let token = configuration.adminToken else {
      throw Problem(.forbidden, "admin-disabled", "this daemon has no operator's token")
    }
    guard token.isShown(in: exchange.request.headers[values: .authorization]) else {
      throw Problem(
        .unauthorized, "admin-token-required", "show the operator's token: Authorization: Bearer <token>",
        headers: [.wwwAuthenticate: "Bearer realm=\"leasehold-admin\""])
    }
  }

  @Sendable private func operatorLeases(_ exchange: Exchange) async throws -> Response {
    let limit = try exchange.limit()
    var after: LeaseID?
    if let text = try exchange.query("cursor") {
      guard let id = LeaseID(text) else { throw Problem.invalid("cursor", "is none of ours") }
      after = id
    }
    let states = try exchange.query("state")?.split(separator: ",").map(String.init(_:)) ?? []
    let known: Set = ["quoted", "provisioning", "active", "grace", "suspended", "reclaiming", "closed"]
    guard states.allSatisfy(known.contains) else {
      throw Problem.invalid("state", "some of: \(known.sorted().joined(separator: ","))")
    }
    let found = try await engine.operatorLeases(LeaseQuery(states: states, after: after, limit: limit + 1))
    let page = found.prefix(limit)
    let now = engine.clock.now()
    return .json(
      ListDocument(
        items: page.map { AdminLeaseItem($0, at: now, base: configuration.publicURL) },
        nextCursor: found.count > limit ? page.last.map { $0.lease.id.description } : nil))
  }
}
