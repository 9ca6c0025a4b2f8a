import HTTPTypes
import L402
import Macaroons
import Testing
import Wire

@testable import HTTPAPI

private struct Seen: Equatable {
  var status: Int
  var code: String
  var field: String?

  init(_ status: Int, _ code: String, _ field: String? = nil) {
    self.status = status
    self.code = code
    self.field = field
  }
}

@Suite struct BadInputTests {
  @Test func bodiesThatAreNotWhatTheyShouldBe() async throws {
    try await Bench.with { bench in
      try await bench.live { (door: Door) async throws in
        func problem(_ json: String, headers: HTTPFields = [:]) async throws -> Seen {
          let answer = try await door.ask(.post, "/v1/leases", json, headers: headers)
          #expect(answer.headers[.contentType] == "application/problem+json")
          let problem = try answer.problem
          #expect(problem.status == answer.status)
          #expect(problem.type.hasSuffix(problem.code))
          #expect(problem.invoice == nil)
          return Seen(answer.status, problem.code, problem.field)
        }
        #expect(try await problem("{") == Seen(400, "malformed-json", nil))
        #expect(try await problem(#"{"offer":"nope"}"#) == Seen(404, "unknown-offer", "offer"))
        #expect(try await problem(#"{"offer":"disk","periods":0}"#) == Seen(422, "invalid-field", "periods"))
        #expect(try await problem(#"{"offer":"disk","periods":-1}"#) == Seen(422, "invalid-field", "periods"))
        #expect(
          try await problem(#"{"offer":"disk","periods":9223372036854775807}"#) == Seen(422, "invalid-field", "periods")
        )
        #expect(try await problem(#"{"offer":"disk","periods":1e3}"#) == Seen(422, "invalid-field", "periods"))
        #expect(try await problem(#"{"offer":"disk","size":5}"#) == Seen(422, "invalid-field", "size"))
        #expect(try await problem(#"{"offer":"disk","image":"x"}"#) == Seen(422, "invalid-field", "offer"))
        #expect(try await problem(#"{"offer":"box","image":"x"}"#) == Seen(422, "invalid-field", "image"))
        #expect(
          try await problem(#"{"offer":"box","image":"busybox","command":[""]}"#)
            == Seen(422, "invalid-field", "command"))
        #expect(try await problem(#"{"offer":"box","restart":"sometimes"}"#) == Seen(422, "invalid-field", "restart"))
        #expect(try await problem(#"{"offer":"disk","restart":"always"}"#) == Seen(422, "invalid-field", "offer"))
        #expect(try await problem(#"{"offer":"box","disk":"x"}"#) == Seen(422, "invalid-field", "disk"))
        #expect(
          try await problem(#"{"offer":"disk"}"#, headers: [.contentType: "text/plain"])
            == Seen(415, "unsupported-media-type", nil))
      }
      let overview = try await bench.engine.operator.overview()
      #expect(overview.census.values.reduce(0, +) == 0, "bad requests leave nothing behind")
    }
  }

  @Test func oversizedBodies() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let answer = try await door.ask(
          .post, "/v1/leases", "{\"offer\":\"" + String(repeating: "a", count: 70_000) + "\"}")
        #expect(answer.status == 413)
        #expect(try answer.problem.code == "too-large")
        #expect(answer.headers[.connection] == "close")
      }
    }
  }

  @Test func doubledHeaders() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        for name in ["Idempotency-Key", "Host", "Content-Type"] {
          let name = HTTPField.Name.named(name)
          let headers = HTTPFields([
            HTTPField(name: name, value: "application/json"), HTTPField(name: name, value: "application/json"),
          ])
          let answer = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, headers: headers)
          #expect(answer.status == 400, "\(name)")
        }
        // A Bearer beside it is no second credential.
        let (lease, authorization) = try await door.rent()
        let answer = try await door.ask(
          .get, "/v1/leases/\(lease.id)", authorization: authorization, headers: [.authorization: "Bearer x"])
        #expect(answer.status == 200)
      }
    }
  }

  @Test func credentialsThatAreNone() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let (other, otherAuthorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        func code(_ authorization: String?) async throws -> Seen {
          let answer = try await door.ask(.get, here, authorization: authorization)
          #expect(answer.headers[values: .wwwAuthenticate].allSatisfy { !$0.contains("invoice") })
          let problem = try answer.problem
          #expect(problem.invoice == nil)
          #expect(problem.macaroon == nil)
          return Seen(answer.status, problem.code)
        }
        #expect(try await code(nil) == Seen(401, "credential-required"))
        #expect(try await code("L402 nonsense") == Seen(401, "bad-header"))
        #expect(try await code("L402 AgE=:" + String(repeating: "0", count: 64)) == Seen(401, "credential-malformed"))
        #expect(try await code(otherAuthorization) == Seen(403, "wrong-lease"))
        #expect(other.id != lease.id)
        let wrong = authorization.dropLast(64) + String(repeating: "1", count: 64)
        #expect(try await code(String(wrong)) == Seen(401, "wrong-preimage"))

        // Minted under another key.
        let shown = try #require(try PresentedCredential.parse(authorization: [authorization]))
        let hash = shown.identifier.paymentHash
        let foreign = MasterKeyring(key: .random())
        let forged = try foreign.mint(
          paymentHash: hash, token: foreign.newToken(),
          caveats: MintedCaveats(tier: 0, capabilities: .all, lease: lease.id, validUntil: .max / 2))
        let preimage = authorization.suffix(64)
        #expect(
          try await code("L402 \(Base64.encode(forged.wire)):\(preimage)") == Seen(401, "credential-forged"))
      }
    }
  }

  @Test func placesThatAreNone() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let nowhere = try await door.ask(.get, "/nowhere")
        #expect(nowhere.status == 404)
        #expect(try nowhere.problem.code == "not-found")
        let wrong = try await door.ask(.put, "/v1/leases", "{}")
        #expect(wrong.status == 405)
        #expect(wrong.headers[.allow] == "POST")
        #expect(try wrong.problem.code == "method-not-allowed")
        #expect(try await door.ask(.get, "/v1/leases/nonsense").status == 404)
        #expect(try await door.ask(.get, "/v1/offers/nope").status == 404)
        #expect(try await door.ask(.get, "/v1/offers/%2e%2e").status == 404)
      }
    }
  }

  @Test func invoicesTheNodeNeverMade() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let answer = try await door.ask(.post, "/dev/pay", #"{"invoice":"lnbcrt1nonsense"}"#)
        #expect(answer.status == 404)
        #expect(try answer.problem.code == "unknown-invoice")
      }
    }
  }
}
