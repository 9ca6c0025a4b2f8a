import Engine
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Testing
import Units
import Wire

@testable import HTTPAPI

/// Who comes by an address without a credential may pay, and is given no more than the address allows.
@Suite struct AddressTests {
  /// The door with addresses before it. Of a disk nothing is served here: who is let in is told so.
  private static func with(
    catalog: Catalog = Bench.catalog, _ body: @escaping @Sendable (Door) async throws -> Void
  ) async throws {
    try await Bench.with(catalog: catalog) { bench in
      let api = bench.api
      let addresses = AddressMiddleware<BasicHTTPAPIContext>(api) { request, door, context in
        let exchange = Exchange(request: request, context: context, configuration: api.configuration, door: door)
        do {
          let path = try ResourcePath(encoded: AddressPath(request.head.path ?? "").map { "/" + $0.rest } ?? "/")
          _ = try await api.engine.doors.admit(
            request.method == .get ? .read : .write, to: door.address.lease, kind: .disk, path: path,
            exchange.caller()
          ).opened()
          return Response(status: .ok)
        } catch {
          return api.problemResponse(for: error, to: request)
        }
      }
      try await bench.live(api.makeRouter(of: BasicHTTPAPIContext.self, doors: [addresses]), body)
    }
  }

  private static let run = #"{"command":["true"]}"#

  private static func address(
    of lease: LeaseDocument, _ authorization: String, _ door: Door, _ json: String? = nil
  ) async throws -> (path: String, token: String) {
    let made = try await door.ask(.post, "/v1/leases/\(lease.id)/addresses", json, authorization: authorization)
    #expect(made.status == 201, "\(made.text)")
    #expect(made.headers[.cacheControl] == "no-store")
    let document = try made.document(AddressDocument.self)
    let place = try #require(document.address)
    #expect(place.hasPrefix("http://127.0.0.1/d/") && place.hasSuffix("/"))
    return (String(place.dropFirst("http://127.0.0.1".count).dropLast()), document.token)
  }

  private static func shown(_ credential: String, _ door: Door) async throws -> IntrospectionDocument {
    try await door.ask(.get, "/v1/credential", authorization: credential).document(IntrospectionDocument.self)
  }

  @Test func aStrangerPaysThereAndComesBackAsOneWhenTimeHasRunOut() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent(#"{"offer":"box"}"#)
      let (path, _) = try await Self.address(of: lease, owner, door)
      // The owner's own credential opens it.
      #expect(try await door.ask(.post, path + "/exec", Self.run, authorization: owner).status == 200)
      let asked = try await door.ask(.post, path + "/exec", Self.run)
      #expect(asked.status == 402, "\(asked.text)")
      #expect(asked.headers[.referrerPolicy] == "no-referrer")
      #expect(!asked.text.contains(path.dropFirst(3)), "the secret is told again")
      let bought = try await door.pay(asked)
      #expect(try await door.ask(.post, path + "/exec", Self.run, authorization: bought).status == 200)
      #expect(try await Self.shown(bought, door).capabilities == ["read", "write", "exec", "pay"])
      #expect(try await door.ask(.delete, "/v1/leases/\(lease.id)", authorization: bought).status == 403)
      // Two hours were bought by now, and grace comes after them.
      door.bench.clock.advance(by: .hour * 3)
      let late = try await door.ask(.get, path + "/logs")
      #expect(late.status == 402)
      // Whatever it showed before, a client that drops it asks as a stranger, and one that does not is answered the same.
      let held = try await door.ask(.get, path + "/logs", authorization: bought)
      #expect(held.status == 402, "\(held.text)")
      #expect(try held.problem.invoice == late.problem.invoice)
      let again = try await door.pay(late)
      #expect(try await door.ask(.get, path + "/logs", authorization: again).status == 200)
      try await Self.whoBoughtNothingButPayingIsAskedForMoney(door)
    }
  }

  /// What was bought where one may only pay opens nothing, and is never told so instead of what is due.
  private static func whoBoughtNothingButPayingIsAskedForMoney(_ door: Door) async throws {
    let (lease, owner) = try await door.rent(#"{"offer":"box"}"#)
    let (path, _) = try await address(of: lease, owner, door, #"{"capabilities":["pay"]}"#)
    let bought = try await door.pay(try await door.ask(.get, path + "/logs"))
    #expect(try await shown(bought, door).capabilities == ["pay"])
    let served = try await door.ask(.get, path + "/logs", authorization: bought)
    #expect(try served.status == 403 && served.problem.code == "narrowed-capability", "the lease wants no money")
    door.bench.clock.advance(by: .hour * 3)
    for (method, rest, body) in [(.get, "/logs", nil), (.get, "", nil), (.post, "/exec", run)]
      as [(HTTPRequest.Method, String, String?)]
    {
      let due = try await door.ask(method, path + rest, body, authorization: bought)
      #expect(due.status == 402, "\(method) \(rest): \(due.text)")
    }
    let due = try await door.ask(.get, path + "/logs", authorization: bought)
    let again = try await door.pay(due)
    // Booked or not, what is paid is asked for no second time.
    #expect(try await door.ask(.get, path + "/logs", authorization: again).status == 403)
    let after = try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: owner).document(LeaseDocument.self)
    #expect(after.state == "active")
  }

  @Test func whateverIsShownThereTheChallengeIsTheAddressesOwn() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let (other, stranger) = try await door.rent()
      let json = #"{"capabilities":["read","pay"],"path":"/photos"}"#
      let (path, _) = try await Self.address(of: lease, owner, door, json)
      for (shown, status) in [
        (nil, 402), (stranger, 402), ("L402 x", 402), ("Bearer x", 402),
        (try narrowed(owner, "expires=1"), 402), (String(owner.dropLast()) + (owner.last == "0" ? "1" : "0"), 402),
        (owner, 200), (try narrowed(owner, "leasehold_path=/b"), 403),
        (try narrowed(owner, "leasehold_method=PUT"), 403), (try narrowed(owner, "leasehold_valid_until=1"), 403),
      ] as [(String?, Int)] {
        let answer = try await door.ask(.get, path + "/photos/a", authorization: shown)
        #expect(answer.status == status, "\(shown ?? "nothing"): \(answer.text)")
      }
      let bought = try await door.pay(try await door.ask(.get, path + "/photos/a"))
      let seen = try await Self.shown(bought, door)
      #expect(seen.lease == lease.id && seen.lease != other.id)
      #expect(seen.capabilities == ["read", "pay"])
      #expect(seen.path == "/photos")
      #expect(try await door.ask(.get, path + "/photos/a", authorization: bought).status == 200)
      #expect(try await door.ask(.get, path + "/else", authorization: bought).status == 403)
      #expect(try await door.ask(.put, path + "/photos/a", authorization: bought).status == 403)
      // Time has run out: the owner who comes by here is given what the address allows, too.
      door.bench.clock.advance(by: .hour * 4)
      let paid = try await door.pay(try await door.ask(.get, path + "/photos/a", authorization: owner))
      #expect(try await Self.shown(paid, door).capabilities == ["read", "pay"])
    }
  }

  @Test func whatWasNeverGivenOrIsTakenBackLeadsNowhere() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent(#"{"offer":"box"}"#)
      let here = "/v1/leases/\(lease.id)/addresses"
      for path in [
        "/d/", "/d/x", "/d/\(String(repeating: "0", count: 26))", "/d/\(lease.id)", "/d/\(lease.id)/exec",
        "/d/\(String(repeating: "%", count: 26))/", "/d//exec",
      ] {
        #expect(try await door.ask(.get, path).status == 404, "\(path)")
      }
      let (path, token) = try await Self.address(of: lease, owner, door)
      #expect(try await door.ask(.get, path + "/nothing").status == 404)
      #expect(try await door.ask(.get, path + "/exec").status == 405)
      #expect(try await door.ask(.post, path).status == 405)
      #expect(try await door.ask(.get, path).status == 402)
      #expect(try await door.ask(.get, path, authorization: owner).document(LeaseDocument.self).id == lease.id)
      let bought = try await door.pay(try await door.ask(.get, path + "/logs"))
      #expect(try await door.ask(.get, path + "/logs", authorization: bought).status == 200)
      let listed = try await door.ask(.get, here, authorization: owner)
      #expect(try listed.document(ListDocument<AddressDocument>.self).items.map(\.token) == [token])
      #expect(!listed.text.contains(path.dropFirst(3)))
      let told = try await door.ask(.get, "/v1/leases/\(lease.id)/explain", authorization: owner)
      #expect(!told.text.contains(path.dropFirst(3)))
      let foreign = try await door.ask(.delete, here + "/" + Self.shown(owner, door).token, authorization: owner)
      #expect(foreign.status == 422, "no address's")
      #expect(try await door.ask(.delete, here + "/" + token, authorization: owner).status == 204)
      #expect(try await door.ask(.get, path + "/logs").status == 404)
      #expect(try await door.ask(.get, path + "/logs", authorization: owner).status == 404)
      // What was bought there ends with it.
      let ended = try await door.ask(.get, "/v1/leases/\(lease.id)/logs", authorization: bought)
      #expect(try ended.problem.code == "credential-revoked")
      #expect(try await door.ask(.get, "/v1/leases/\(lease.id)/logs", authorization: owner).status == 200)
      // A lease that closes takes its addresses with it.
      let (last, _) = try await Self.address(of: lease, owner, door)
      #expect(try await door.ask(.delete, "/v1/leases/\(lease.id)", authorization: owner).status == 200)
      let feed = try await door.ask(.get, "/v1/leases/\(lease.id)/events", authorization: owner)
      #expect(feed.text.contains("event: closed"))
      let id = try #require(LeaseID(lease.id))
      #expect(try await door.bench.engine.store.transaction { try $0.addresses(of: id) }.isEmpty)
      #expect([404, 410].contains(try await door.ask(.get, last + "/logs").status))
    }
  }

  @Test func aLeaseHasSoManyAndItsOwnerAloneMakesThem() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let here = "/v1/leases/\(lease.id)/addresses"
      for (json, status) in [
        (#"{"capabilities":["all"]}"#, 422), (#"{"capabilities":[]}"#, 422), (#"{"path":"photos"}"#, 422),
        (#"{"path":"/a/../b"}"#, 422), (#"{"path":"/\#(String(repeating: "a", count: 512))"}"#, 422),
        (#"{"more":1}"#, 422),
      ] {
        #expect(try await door.ask(.post, here, json, authorization: owner).status == status, "\(json)")
      }
      let friend = try narrowed(owner, "leasehold_capabilities=read,control")
      #expect(try await door.ask(.post, here, authorization: friend).status == 403)
      // An answer that was lost is told again.
      let key: HTTPFields = [.idempotencyKey: "0123456789012345678901"]
      let first = try await door.ask(.post, here, authorization: owner, headers: key)
      #expect(try await door.ask(.post, here, authorization: owner, headers: key).text == first.text)
      let other = try await door.ask(.post, here, #"{"path":"/x"}"#, authorization: owner, headers: key)
      #expect(other.status == 409)
      for _ in 1..<16 { _ = try await Self.address(of: lease, owner, door) }
      let refused = try await door.ask(.post, here, authorization: owner)
      #expect(try refused.status == 409 && refused.problem.code == "too-many-credentials")
      let token = try first.document(AddressDocument.self).token
      #expect(try await door.ask(.delete, here + "/" + token, authorization: owner).status == 204)
      _ = try await Self.address(of: lease, owner, door)
      // A rotation ends them all.
      #expect(
        try await door.ask(.post, "/v1/leases/\(lease.id)/credentials/rotate", authorization: owner).status == 200)
      let id = try #require(LeaseID(lease.id))
      #expect(try await door.bench.engine.store.transaction { try $0.addresses(of: id) }.isEmpty)
    }
  }

  @Test func aPurchaseMayAskForOne() async throws {
    try await Self.with { door in
      let wish = #"{"offer":"box","address":true}"#
      let authorization = try await door.pay(try await door.ask(.post, "/v1/leases", wish))
      let bought = try await door.ask(.post, "/v1/leases", wish, authorization: authorization)
      #expect(bought.status == 201)
      let lease = try bought.document(LeaseDocument.self)
      // For clients that keep it to themselves.
      #expect(lease.credential == authorization)
      let place = try #require(lease.address)
      #expect(
        try await door.ask(.post, "/v1/leases", wish, authorization: authorization).document(LeaseDocument.self)
          .address == place)
      let without = try await door.ask(.post, "/v1/leases", #"{"offer":"box"}"#, authorization: authorization)
      #expect(try without.document(LeaseDocument.self).address == nil)
      #expect(
        try await door.ask(.get, "/v1/leases/\(lease.id)", authorization: authorization)
          .document(LeaseDocument.self).credential == nil)
      let path = String(place.dropFirst("http://127.0.0.1".count))
      #expect(try await door.ask(.get, path + "logs", authorization: authorization).status == 200)
      let items = try await door.ask(.get, "/v1/leases/\(lease.id)/addresses", authorization: authorization)
        .document(ListDocument<AddressDocument>.self).items
      #expect(items.count == 1)
      _ = try await door.ask(
        .delete, "/v1/leases/\(lease.id)/addresses/\(items[0].token)", authorization: authorization)
      let after = try await door.ask(.post, "/v1/leases", wish, authorization: authorization)
      #expect(after.status == 201)
      #expect(try after.document(LeaseDocument.self).address == nil, "it was revoked")
    }
  }

  @Test func noLineOfTheLogNamesAnAddress() {
    let secret = "01jdnk3vexs6yqk2dk7b8t2f9m"
    #expect(HTTPAPI.lease(in: "/dav/\(secret)/a") != nil)
    #expect(HTTPAPI.lease(in: "/d/\(secret)/a") == nil)
  }
}
