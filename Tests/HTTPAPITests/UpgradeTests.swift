import Engine
import HTTPTypes
import L402
import Leasing
import Macaroons
import Testing
import Units
import Wire

@testable import HTTPAPI

/// Another offer of the same kind, bought by asking for it: the credential that comes of it is of the new tier.
@Suite struct UpgradeTests {
  static let catalog: Catalog = {
    var catalog = Bench.catalog
    catalog.offers.append(
      Offer(
        id: "big", title: "A big disk",
        terms: Terms(
          offer: "big", kind: .disk, tier: 2, resources: Resources(disk: .mebibytes(4)), period: 3_600, price: 30_000,
          policy: .standard(period: 3_600), maxPeriods: 24)))
    return catalog
  }()
  private let wish = #"{"offer":"big"}"#

  private func upgrading(
    _ body: @escaping @Sendable (Door, _ lease: LeaseDocument, _ owner: String) async throws -> Void
  ) async throws {
    try await Bench.with(catalog: Self.catalog) { bench in
      try await bench.live { door in
        let (lease, owner) = try await door.rent()
        try await body(door, lease, owner)
      }
    }
  }

  private func seen(_ credential: String, _ door: Door) async throws -> IntrospectionDocument {
    try await door.ask(.get, "/v1/credential", authorization: credential).document(IntrospectionDocument.self)
  }

  private func caveats(_ macaroon: String?) throws -> [String] {
    let wire = try #require(macaroon.flatMap { Base64.decode($0) })
    return try Macaroon(v2: wire).caveats.map { String(decoding: $0.identifier, as: UTF8.self) }
  }

  /// The tier of what a swap mints.
  private func swapped(_ credential: String, _ here: String, _ door: Door) async throws -> String {
    let answer = try await door.ask(.post, here + "/credential", authorization: credential)
    #expect(answer.status == 200)
    return "L402 \(try answer.document(MintedCredential.self).macaroon):\(credential.suffix(64))"
  }

  @Test func anUpgradeIsPaidForAndItsCredentialIsOfTheNewTier() async throws {
    try await upgrading { door, lease, owner in
      let here = "/v1/leases/\(lease.id)"
      #expect(try await seen(owner, door).tier == 0)
      let quote = try await door.ask(.post, here + "/changes", wish, authorization: owner)
      let demand = try quote.problem
      #expect(quote.status == 402)
      #expect(demand.purpose == "change")
      #expect(demand.amountMsat == 20_000)
      #expect(try caveats(demand.macaroon)[0] == "services=leasehold:2")
      // Until it is paid nothing is of the new tier: not the lease, not who holds the challenge.
      let unpaid = "L402 \(demand.macaroon ?? ""):\(String(repeating: "0", count: 64))"
      #expect(try await door.ask(.get, here, authorization: unpaid).status == 401)
      let stolen = "L402 \(demand.macaroon ?? ""):\(owner.suffix(64))"
      #expect(try await door.ask(.post, here + "/changes", wish, authorization: stolen).status == 401)
      #expect(try await door.ask(.get, here, authorization: owner).document(LeaseDocument.self).offer == "disk")
      #expect(try await seen(try await swapped(owner, here, door), door).tier == 0)

      let upgraded = try await door.pay(quote)
      let answer = try await door.ask(.post, here + "/changes", wish, authorization: upgraded)
      #expect(answer.status == 200)
      let changed = try answer.document(LeaseDocument.self)
      #expect(changed.offer == "big")
      #expect(changed.resources.diskBytes == 4 << 20)
      #expect(changed.balanceMsat == 30_000)
      #expect(changed.paidUntil == lease.paidUntil)
      #expect(changed.rate.priceMsat == 30_000)
      let now = try await seen(upgraded, door)
      let before = try await seen(owner, door)
      #expect(now.tier == 2)
      #expect(now.lease == lease.id)
      #expect(now.capabilities == before.capabilities)

      // The old one stays what it was bought as, and opens the lease it belongs to; a swap brings it up.
      #expect(try await seen(owner, door).tier == 0)
      // Its version may have risen by then: the driver has said that the size stands.
      var looked = try await door.ask(.get, here, authorization: owner).document(LeaseDocument.self)
      looked.version = changed.version
      #expect(looked == changed)
      let fresh = try await swapped(owner, here, door)
      #expect(try await seen(fresh, door).tier == 2)
      #expect(try await door.ask(.get, here, authorization: fresh).status == 200)
      // Asking again costs nothing, whoever asks.
      for credential in [owner, upgraded, fresh] {
        #expect(try await door.ask(.post, here + "/changes", wish, authorization: credential).status == 200)
        let renewal = try await door.ask(.post, here + "/renewals", authorization: credential).problem
        #expect(try caveats(renewal.macaroon)[0] == "services=leasehold:2" && renewal.amountMsat == 30_000)
      }
      // And down again, without money: a swap follows, an old name of a higher tier stays what it says.
      let down = try await door.ask(.post, here + "/changes", #"{"offer":"disk"}"#, authorization: upgraded)
      #expect(try down.document(LeaseDocument.self).offer == "disk")
      #expect(try await seen(try await swapped(upgraded, here, door), door).tier == 0)
    }
  }

  @Test func aDelegateDoesNotGrowByAnUpgrade() async throws {
    try await upgrading { door, lease, owner in
      let here = "/v1/leases/\(lease.id)"
      let reader = try narrowed(owner, "leasehold_capabilities=read,pay", "leasehold_path=/photos")
      let lent = try await door.ask(
        .post, here + "/credentials", #"{"caveats":["leasehold_capabilities=read","services=leasehold:0"]}"#,
        authorization: owner)
      let child = "L402 \(try lent.document(MintedCredential.self).macaroon):\(owner.suffix(64))"
      let poor = try narrowed(owner, "leasehold_max_msat=19999")
      let steward = try narrowed(owner, "leasehold_capabilities=read,control,pay", "services=leasehold:0")
      // Who may not buy it, may not buy it.
      for (credential, code) in [
        (reader, "narrowed-capability"), (child, "narrowed-capability"), (poor, "narrowed-amount"),
        (try narrowed(owner, "leasehold_path=/photos"), "narrowed-path"),
        (try narrowed(owner, "leasehold_method=GET"), "narrowed-method"),
      ] {
        let answer = try await door.ask(.post, here + "/changes", wish, authorization: credential)
        #expect(answer.status == 403)
        #expect(try answer.problem.code == code)
      }
      let stranger = try await door.ask(.post, here + "/changes", wish)
      #expect(stranger.status == 401)
      #expect(try stranger.problem.invoice == nil)

      // Who may, buys it for the lease: what was lent stays in its tier and its capabilities.
      let quote = try await door.ask(.post, here + "/changes", wish, authorization: steward)
      let bought = try await door.pay(quote)
      #expect(
        try caveats(quote.problem.macaroon)[4...] == [
          "leasehold_capabilities=read,control,pay", "services=leasehold:0",
        ])
      #expect(try await door.ask(.post, here + "/changes", wish, authorization: bought).status == 200)
      let now = try await seen(bought, door)
      #expect(now.tier == 0)
      #expect(now.capabilities == ["read", "control", "pay"])

      for (credential, tier, capabilities) in [
        (reader, 0, ["read", "pay"]), (try await swapped(reader, here, door), 2, ["read", "pay"]),
        (child, 0, ["read"]), (try await swapped(child, here, door), 0, ["read"]),
        (bought, 0, ["read", "control", "pay"]),
        (try await swapped(bought, here, door), 0, ["read", "control", "pay"]),
      ] {
        let now = try await seen(credential, door)
        #expect(now.tier == tier)
        #expect(now.capabilities == capabilities)
        #expect(try await door.ask(.get, here, authorization: credential).status == 200)
        // A tier is not written in, and neither is anything else.
        for caveat in ["services=leasehold:3", "leasehold_capabilities=read,write"] {
          let answer = try await door.ask(.get, here, authorization: try narrowed(credential, caveat))
          #expect(answer.status == 401)
          #expect(try answer.problem.code == "caveat-widened")
        }
      }
      #expect(try await seen(try await swapped(reader, here, door), door).path == "/photos")
      #expect(try await door.ask(.delete, here, authorization: reader).status == 403)
    }
  }
}
