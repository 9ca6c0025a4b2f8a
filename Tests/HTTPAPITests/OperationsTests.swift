import HTTPTypes
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct OperationsTests {
  @Test func healthMetricsAndDiscovery() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        #expect(try await door.ask(.get, "/healthz").document(HealthDocument.self).status == "ok")
        let ready = try await door.ask(.get, "/readyz")
        #expect(ready.status == 200)
        #expect(try ready.document(HealthDocument.self).checks == ["database": "ok", "node": "ok"])
        _ = try await door.rent()
        let metrics = try await door.metrics()
        #expect(metrics.text.hasPrefix("# HELP leasehold_due_leases"))
        #expect(metrics.text.contains("leasehold_leases{state=\"active\"} 1\n"))
        #expect(metrics.text.contains("leasehold_pool_limit{dimension=\"disk\",host=\"here\",kind=\"disk\"}"))
        #expect(metrics.text.contains("http_requests_total{method=\"POST\",route=\"/v1/leases\",status=\"201\"} 1\n"))
        let discovery = try await door.ask(.get, "/.well-known/l402.json").document(DiscoveryDocument.self)
        #expect(discovery.network == "bcrt")
        #expect(discovery.offers.count == 2)
        #expect(try await door.ask(.head, "/v1/offers").status == 200)
        let offers = try await door.ask(.get, "/v1/offers?limit=1").document(ListDocument<OfferDocument>.self)
        #expect(offers.items.map(\.id) == ["box"])
        #expect(offers.nextCursor == "box")
        let disk = try await door.ask(.get, "/v1/offers/disk").document(OfferDocument.self)
        #expect(disk.available == 63)
        #expect(disk.priceMsat == 10_000)
        #expect(disk.resources.diskBytes == 1 << 20)
      }
    }
  }

  @Test func aNodeThatGoesAwayAndComesBackNeedsNoRestart() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let token = "Bearer \(Bench.adminToken)"
        let (lease, authorization) = try await door.rent()
        bench.switched.goAway()
        let away = bench.clock.now()
        let unready = try await door.ask(.get, "/readyz")
        #expect(unready.status == 503)
        #expect(
          try unready.document(HealthDocument.self).checks?["node"]
            == "unreachable since \(Timestamp(away)); no lease is suspended for it until \(Timestamp(away + 600))")
        var metrics = try await door.metrics().text
        #expect(metrics.contains("leasehold_node_up 0\n"))
        #expect(metrics.contains("leasehold_node_outage_spares_seconds 600\n"))
        #expect(metrics.contains("leasehold_settlement_cursor_age_seconds 0\n"))
        #expect(metrics.contains("leasehold_held_payments 0\n"))
        let refused = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#)
        #expect(refused.status == 503)
        #expect(refused.headers[.retryAfter] != nil)
        #expect(try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: authorization).status == 200)
        bench.clock.advance(by: 601)
        let late = try await door.ask(.get, "/readyz").document(HealthDocument.self).checks?["node"]
        #expect(late?.hasSuffix("leases are suspended again since \(Timestamp(away + 600))") == true)
        metrics = try await door.metrics().text
        #expect(metrics.contains("leasehold_node_outage_spares_seconds 0\n"))
        #expect(metrics.contains("leasehold_node_down_seconds 601\n"))
        let overview = try await door.ask(.get, "/admin/v1/overview", authorization: token)
          .document(OverviewDocument.self)
        #expect(overview.settlements.nodeFailingSince == Timestamp(away))
        #expect(!overview.nodeUp)
        bench.switched.comeBack()
        #expect(try await door.ask(.get, "/readyz").status == 200)
        metrics = try await door.metrics().text
        #expect(metrics.contains("leasehold_node_up 1\n"))
        #expect(metrics.contains("leasehold_node_down_seconds 0\n"))
        _ = try await door.rent()
      }
    }
  }

  @Test func theOperatorsRoutesAskForTheToken() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        for endpoint in bench.api.endpoints where endpoint.path.hasPrefix("/admin") {
          for authorization in [nil, "Bearer wrong-token-of-some-length"] {
            let answer = try await door.ask(
              endpoint.method, endpoint.path.replacing("{lease}", with: "00000000000000000000000000"),
              authorization: authorization)
            #expect(answer.status == 401, "\(endpoint.path)")
            #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
          }
        }
      }
    }
  }

  @Test func theOperatorSeesAndActs() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let token = "Bearer \(Bench.adminToken)"
        let (lease, authorization) = try await door.rent()
        let there = "/admin/v1/leases/\(lease.id)"
        let overview = try await door.ask(.get, "/admin/v1/overview", authorization: token)
          .document(OverviewDocument.self)
        #expect(overview.leases["active"] == 1)
        #expect(overview.nodeUp)
        let list = try await door.ask(.get, "/admin/v1/leases?state=active", authorization: token)
          .document(ListDocument<AdminLeaseItem>.self)
        #expect(list.items.map(\.lease.id) == [lease.id])
        #expect(list.items.first?.host == "here")
        #expect(try await door.ask(.get, "/admin/v1/leases?state=happy", authorization: token).status == 422)
        let shown = try await door.ask(.get, there, authorization: token).document(AdminLeaseDocument.self)
        #expect(shown.events.first?.event == "quoted")
        let frozen = try await door.ask(.post, there + "/freeze", authorization: token)
          .document(AdminLeaseItem.self)
        #expect(frozen.lease.flags.frozen)
        #expect(try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: authorization).status == 200)
        let protected = try await door.ask(
          .post, there + "/protect", #"{"protected":true}"#, authorization: token
        ).document(AdminLeaseItem.self)
        #expect(protected.lease.flags.protected)
        let audit = try await door.ask(.get, "/admin/v1/audit", authorization: token).document(AuditDocument.self)
        #expect(audit.sound)
        #expect(audit.totalsMsat.values.reduce(0, +) == 0)
        #expect(audit.payments == 1)
        #expect(try await door.ask(.post, "/admin/v1/breaker/release", authorization: token).status == 204)
        for path in ["/parked", "/unbooked", "/outbox"] {
          #expect(try await door.ask(.get, "/admin/v1" + path, authorization: token).status == 200)
        }
        #expect(try await door.ask(.get, there + "/outbox", authorization: token).status == 200)
        #expect(try await door.ask(.get, there + "/explain", authorization: token).status == 200)
      }
    }
  }
}
