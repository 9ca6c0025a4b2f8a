import Engine
import HTTPTypes
import L402
import Testing
import Wire

@testable import HTTPAPI

/// Every route there is, and who is turned away from it.
@Suite struct AccessTableTests {
  /// The promise, written down a second time: what each route needs of a credential. A change of the table is a change
  /// of this one too, and of what renters were told.
  private static let promised: [String: Capabilities] = [
    "GET /v1/credential": [],
    "GET /v1/leases/{lease}": .read,
    "GET /v1/leases/{lease}/usage": .read,
    "GET /v1/leases/{lease}/ledger": .read,
    "GET /v1/leases/{lease}/explain": .read,
    "GET /v1/leases/{lease}/events": .read,
    "POST /v1/leases/{lease}/renewals": .pay,
    "POST /v1/leases/{lease}/changes": [.control, .pay],
    "PUT /v1/leases/{lease}/limits": [.control, .pay],
    "DELETE /v1/leases/{lease}": .control,
    "POST /v1/leases/{lease}/refund": .refund,
    "GET /v1/leases/{lease}/refunds": .read,
    "POST /v1/leases/{lease}/credit": .refund,
    "POST /v1/leases/{lease}/credential": [],
    "GET /v1/leases/{lease}/credentials": .control,
    "POST /v1/leases/{lease}/credentials": [],
    "DELETE /v1/leases/{lease}/credentials/{token}": .control,
    "POST /v1/leases/{lease}/credentials/rotate": .control,
    "GET /v1/leases/{lease}/addresses": .control,
    "POST /v1/leases/{lease}/addresses": .control,
    "DELETE /v1/leases/{lease}/addresses/{token}": .control,
    "GET /v1/leases/{lease}/contacts": .control,
    "POST /v1/leases/{lease}/contacts": .control,
    "DELETE /v1/leases/{lease}/contacts/{contact}": .control,
    "GET /v1/leases/{lease}/wallet": .control,
    "PUT /v1/leases/{lease}/wallet": [.control, .pay],
    "DELETE /v1/leases/{lease}/wallet": .control,
    "GET /v1/leases/{lease}/attachments": .control,
    "DELETE /v1/leases/{lease}/attachments": .control,
    "DELETE /v1/leases/{lease}/attachments/{other}": .control,
    "POST /v1/leases/{lease}/exec": .exec,
    "GET /v1/leases/{lease}/logs": .read,
    "POST /v1/leases/{lease}/start": .exec,
    "POST /v1/leases/{lease}/stop": .exec,
  ]

  private static let bodies: [String: String] = [
    "/v1/leases/{lease}/changes": #"{"offer":"disk"}"#,
    "/v1/leases/{lease}/limits": #"{"spend_sat_per_day":null}"#,
    "/v1/leases/{lease}/refund": #"{"invoice":"lnbcrt1"}"#,
    "/v1/leases/{lease}/credit": #"{"to":"00000000000000000000000000"}"#,
    "/v1/leases/{lease}/credentials": #"{"caveats":["leasehold_method=GET"]}"#,
    "/v1/leases/{lease}/contacts": #"{"webhook":"https://example.com/hook"}"#,
    "/v1/leases/{lease}/exec": #"{"command":["true"]}"#,
    "/v1/leases/{lease}/wallet": #"{"nwc":"nostr+walletconnect://x","budget_msat":1}"#,
  ]

  private struct Route: Sendable {
    var name: String
    var method: HTTPRequest.Method
    var uri: String
    var body: String?
    var needs: Capabilities
    var namesLease: Bool
    var asksStrangersToPay: Bool
  }

  private static func routes(of bench: Bench, disk: String, box: String) -> [Route] {
    bench.api.endpoints.compactMap { endpoint in
      let action: LeaseAction
      var asks = false
      switch endpoint.access {
      case .holder(let found): action = found
      case .holderOrPayer(let found):
        action = found
        asks = true
      case .anyone, .buyer, .claimant, .provider, nil: return nil
      }
      let lease = [.exec, .logs, .start, .stop].contains(action) ? box : disk
      return Route(
        name: "\(endpoint.method.rawValue) \(endpoint.path)", method: endpoint.method,
        uri: endpoint.path.replacing("{lease}", with: lease)
          .replacing("{token}", with: String(repeating: "0", count: 64)).replacing("{other}", with: lease)
          .replacing("{contact}", with: String(repeating: "0", count: 64)),
        body: [.post, .put].contains(endpoint.method) ? bodies[endpoint.path] : nil, needs: action.needs,
        namesLease: endpoint.path.contains("{lease}"), asksStrangersToPay: asks)
    }
  }

  @Test func theTableIsThePromise() async throws {
    try await Bench.with { bench in
      let routes = Self.routes(of: bench, disk: "d", box: "b")
      let table = Dictionary(uniqueKeysWithValues: routes.map { ($0.name, $0.needs) })
      #expect(table == Self.promised)
      #expect(bench.api.endpoints.allSatisfy { $0.access != nil })
      // The table names no route that is not there.
      let served = Set(bench.api.endpoints.map { "\($0.method.rawValue) \($0.path)" })
      #expect(Set(RouteAccess.table.keys).subtracting(served) == [])
    }
  }

  @Test func everyRouteTurnsAwayWhoMayNot() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let disk = try await door.rent()
        let box = try await door.rent(#"{"offer":"box"}"#)
        let other = try await door.rent(#"{"offer":"disk","periods":2}"#)
        for route in Self.routes(of: bench, disk: disk.lease.id, box: box.lease.id) {
          let own = route.uri.contains(box.lease.id) ? box.authorization : disk.authorization
          func ask(_ authorization: String?) async throws -> String {
            let answer = try await door.ask(route.method, route.uri, route.body, authorization: authorization)
            guard answer.status >= 400 else { return "\(answer.status)" }
            let problem = try answer.problem
            if answer.status != 402 { #expect(problem.invoice == nil && problem.macaroon == nil, "\(route.name)") }
            #expect(answer.headers[.cacheControl] == "no-store", "\(route.name)")
            return "\(answer.status) \(problem.code)"
          }
          let stranger = route.asksStrangersToPay ? "402 payment-required" : "401 credential-required"
          #expect(try await ask(nil) == stranger, "\(route.name)")
          #expect(try await ask("Bearer x") == stranger, "\(route.name)")
          #expect(try await ask("L402 x") == "401 bad-header", "\(route.name)")
          if route.namesLease { #expect(try await ask(other.authorization) == "403 wrong-lease", "\(route.name)") }
          for needed in [Capabilities.read, .write, .exec, .control, .pay, .refund] where route.needs.contains(needed) {
            let rest = Capabilities.all.subtracting(needed).list
            let lacking = try narrowed(own, "leasehold_capabilities=\(rest)")
            #expect(try await ask(lacking) == "403 narrowed-capability", "\(route.name) without \(needed)")
          }
          // Who only asks what a credential is, is told, whatever it is.
          guard route.namesLease else { continue }
          #expect(try await ask(narrowed(own, "leasehold_method=PATCH")) == "403 narrowed-method", "\(route.name)")
          #expect(
            try await ask(narrowed(own, "leasehold_source=203.0.113.0/24")) == "403 narrowed-source",
            "\(route.name)")
          #expect(
            try await ask(narrowed(own, "leasehold_valid_until=1")) == "403 narrowed-expired", "\(route.name)")
          if !route.needs.isSubset(of: [.read, .pay]) {
            #expect(try await ask(narrowed(own, "leasehold_path=/a")) == "403 narrowed-path", "\(route.name)")
          }
        }
      }
    }
  }

  @Test func theProvidersRoutesKnowOnlyTheProvider() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let routes = bench.api.endpoints.filter { $0.path.hasPrefix("/admin/") }
        #expect(routes.count > 15)
        for route in routes {
          let uri = route.path.replacing("{lease}", with: lease.id).replacing("{epoch}", with: "1")
          for shown in [nil, authorization, "Bearer", "Bearer " + String(Bench.adminToken.dropLast()), "Basic eDp5"] {
            let answer = try await door.ask(route.method, uri, authorization: shown)
            #expect(answer.status == 401, "\(route.method) \(route.path)")
            #expect(try answer.problem.code == "admin-token-required")
          }
        }
      }
    }
  }

  /// The epochs of the master key, from the provider's side of the door.
  @Test func theProviderRotatesAndRetiresKeys() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let provider = "Bearer \(Bench.adminToken)"
        let (lease, authorization) = try await door.rent()
        let first = try await door.ask(.get, "/admin/v1/keys", authorization: provider)
          .document(ListDocument<KeyEpochItem>.self)
        #expect(first.items.map(\.state) == ["minting"] && first.items[0].credentials == 1)
        let begun = try await door.ask(.post, "/admin/v1/keys/rotate", authorization: provider)
        #expect(begun.status == 201)
        #expect(try begun.document(KeyEpochItem.self).state == "coming")
        let last = try await door.ask(.delete, "/admin/v1/keys/1", authorization: provider)
        #expect(last.status == 204)
        let refused = try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: authorization)
        #expect(refused.status == 401)
        #expect(try refused.problem.code == "credential-retired")
        let only = try await door.ask(.delete, "/admin/v1/keys/2", authorization: provider)
        #expect(only.status == 409)
        #expect(try only.problem.code == "last-epoch")
        for nonsense in ["7", "x", "-1", "65536"] {
          #expect(try await door.ask(.delete, "/admin/v1/keys/\(nonsense)", authorization: provider).status == 422)
        }
        let second = try await door.rent()
        let revoked = try await door.ask(
          .delete, "/admin/v1/leases/\(second.lease.id)/credentials", authorization: provider)
        #expect(try revoked.document(RevokedDocument.self).revoked == 1)
        let ended = try await door.ask(
          .get, "/v1/leases/\(second.lease.id)", authorization: second.authorization)
        #expect(try ended.problem.code == "credential-revoked")
      }
    }
  }
}
