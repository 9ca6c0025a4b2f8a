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
          .json(OverviewDocument(try await engine.operator.overview(), node: engine.node.name))
        },
        Endpoint(.get, "/admin/v1/leases", operatorLeases),
        Endpoint(.get, "/admin/v1/leases/{lease}") { exchange in
          let view = try await engine.operator.lease(exchange.lease())
          return .json(AdminLeaseDocument(view, at: engine.clock.now(), base: configuration.publicURL))
        },
        Endpoint(.get, "/admin/v1/leases/{lease}/explain") { exchange in
          let view = try await engine.operator.lease(exchange.lease())
          return .json(ListDocument(items: view.events.map(ExplainItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/variants") { _ in
          .json(ListDocument(items: try await engine.operator.variants.figures().map(VariantItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/earnings") { exchange in
          var days = 30
          if let text = try exchange.query("days") {
            guard let number = Int(text), (1...3_660).contains(number) else {
              throw Problem.invalid("days", "1 to 3660")
            }
            days = number
          }
          return .json(ListDocument(items: try await engine.operator.earnings.byDay(days).map(EarningItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/audit") { exchange in
          switch try exchange.query("full") {
          case nil, "false": .json(AuditDocument(try await engine.operator.auditNew()))
          case "true": .json(AuditDocument(try await engine.operator.audit()))
          default: throw Problem.invalid("full", "true or false")
          }
        },
        Endpoint(.get, "/admin/v1/parked") { _ in
          .json(ListDocument(items: try await engine.operator.overview().parked.map(ParkedItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/leases/{lease}/outbox") { exchange in
          let view = try await engine.operator.lease(exchange.lease())
          return .json(ListDocument(items: view.effects.map(EffectItem.init(_:))))
        },
        Endpoint(.get, "/admin/v1/outbox") { _ in
          .json(OverviewDocument(try await engine.operator.overview(), node: engine.node.name).overdue)
        },
        Endpoint(.post, "/admin/v1/breaker/release") { _ in
          engine.operator.releaseBreaker()
          return Response(status: .noContent)
        },
      ] + operatorVerbs + keyEndpoints + rateEndpoints + payoutEndpoints
      + unbookedEndpoints + noticeEndpoints + outageCreditEndpoints + adminWaitlistEndpoints
    return shut.map { endpoint in
      Endpoint(endpoint.method, endpoint.path) { exchange in
        try refuseStrangers(exchange)
        return try await endpoint.handler(exchange)
      }
    }
  }

  private var operatorVerbs: [Endpoint] {
    let plain: [(String, Operator.Action)] = [("thaw", .thaw), ("resume", .resume)]
    let reasoned: [(String, Operator.Action)] = [("freeze", .freeze), ("suspend", .suspend)]
    return plain.map { verb, action in
      Endpoint(.post, "/admin/v1/leases/{lease}/\(verb)") { exchange in try await operate(action, exchange) }
    }
      + reasoned.map { verb, action in
        Endpoint(.post, "/admin/v1/leases/{lease}/\(verb)") { exchange in
          let wish = try await exchange.document(OperatorRequest.self)
          return try await operate(action, because: wish?.reason, exchange)
        }
      } + [
        Endpoint(.post, "/admin/v1/leases/{lease}/protect") { exchange in
          let wish = try await exchange.document(ProtectRequest.self)
          return try await operate(.protect(wish?.protected ?? true), exchange)
        },
        Endpoint(.post, "/admin/v1/leases/{lease}/evict") { exchange in
          let wish = try await exchange.document(EvictRequest.self)
          return try await operate(.evict(until: wish?.until?.instant), because: wish?.reason, exchange)
        },
      ]
  }

  private func operate(
    _ action: Operator.Action, because reason: String? = nil, _ exchange: Exchange
  ) async throws -> Response {
    let record = try await engine.operator.operate(
      action, on: exchange.lease(), reason: reason, requestID: exchange.requestID)
    return .json(AdminLeaseItem(record, at: engine.clock.now(), base: configuration.publicURL))
  }

  func refuseStrangers(_ exchange: Exchange) throws(Problem) {
    guard let token = configuration.adminToken else {
      throw Problem(.forbidden, .adminDisabled, "this daemon has no operator's token")
    }
    guard token.isShown(in: exchange.request.headers[values: .authorization]) else {
      throw Problem(
        .unauthorized, .adminTokenRequired, "show the operator's token: Authorization: Bearer <token>",
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
    let states = try (exchange.query("state") ?? "").split(separator: ",").map { word throws(Problem) in
      guard let state = Lease.State.Name(rawValue: String(word)) else {
        let known = Lease.State.Name.allCases.map(\.rawValue).sorted()
        throw Problem.invalid("state", "some of: \(known.joined(separator: ","))")
      }
      return state
    }
    let found = try await engine.operator.leases(LeaseQuery(states: states, after: after, limit: limit + 1))
    let page = found.prefix(limit)
    let now = engine.clock.now()
    return .json(
      ListDocument(
        items: page.map { AdminLeaseItem($0, at: now, base: configuration.publicURL) },
        nextCursor: found.count > limit ? page.last.map { $0.lease.id.description } : nil))
  }
}
