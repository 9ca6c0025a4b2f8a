import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Nobody buys a way in, and paid is paid.
@Suite struct CredentialRuleTests {
  /// The credential with further caveats, as its holder adds them offline.
  private func narrowed(_ credential: String, _ caveats: [String]) throws -> String {
    let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
    return try PresentedCredential(macaroon: shown.macaroon.adding(caveats), preimage: shown.preimage).authorization
  }

  private func minted(_ swapped: SwappedCredential, like credential: String) throws -> String {
    let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
    return try PresentedCredential(macaroon: swapped.macaroon, preimage: shown.preimage).authorization
  }

  @Test func doorsOfALeaseKnowOnlyItsOwnCredentials() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let mine = try await renter.rent()
      let other = try await renter.rent()
      #expect(await refusal { try await renter.open(mine.id, nil) } == "401 credential-required")
      #expect(await refusal { try await renter.open(mine.id, other.credential) } == "403 wrong-lease")
      #expect(await refusal { try await renter.open(mine.id, "L402 rubbish:00") } == "401 bad-header")
      #expect(
        await refusal { try await platform.engine.renew(mine.id, periods: 1, renter.caller(other.credential)) }
          == "403 wrong-lease")
      #expect(
        await refusal { try await platform.engine.reader.lease(mine.id, renter.caller(nil, method: "GET")) }
          == "401 credential-required")
    }
  }

  @Test func aStrangerMayPayAndNothingElse() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let mine = try await renter.rent()
      let stranger = Renter(platform, address: "198.51.100.9")
      let demand = try await stranger.demand { try await engine.renew(mine.id, periods: 1, stranger.caller()) }
      let payOnly = try await stranger.pay(demand)
      let renewed = try await engine.renew(mine.id, periods: 1, stranger.caller(payOnly)).bought
      #expect(renewed.lease.account.balance == 7_200_000)
      #expect(await refusal { try await stranger.open(mine.id, payOnly) }.hasPrefix("403"))
      #expect(
        await refusal { try await engine.reader.lease(mine.id, stranger.caller(payOnly, method: "GET")) }.hasPrefix(
          "403"))
      let widening = ["leasehold_capabilities=read,write"]
      #expect(
        await refusal { try await engine.narrow(mine.id, caveats: widening, stranger.caller(payOnly)) }
          == "invalid-field caveats")
      let swapped = try minted(try await engine.swap(mine.id, stranger.caller(payOnly)), like: payOnly)
      #expect(await refusal { try await stranger.open(mine.id, swapped) }.hasPrefix("403"))
      #expect(
        await refusal { try await engine.release(mine.id, stranger.caller(payOnly, method: "DELETE")) }
          .hasPrefix("403"))
    }
  }

  @Test func aNarrowedHolderCannotWidenBySwapOrRenewal() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let friend = try narrowed(credential, ["leasehold_capabilities=read,pay", "leasehold_path=/photos"])
      try await renter.open(id, friend, .read, path: "/photos/1", method: "GET")
      #expect(await refusal { try await renter.open(id, friend, .write, path: "/photos/1") }.hasPrefix("403"))
      #expect(await refusal { try await renter.open(id, friend, .read, path: "/x", method: "GET") }.hasPrefix("403"))
      let swapped = try minted(try await engine.swap(id, renter.caller(friend)), like: friend)
      #expect(await refusal { try await renter.open(id, swapped, .write, path: "/photos/1") }.hasPrefix("403"))
      #expect(await refusal { try await renter.open(id, swapped, .read, path: "/x", method: "GET") }.hasPrefix("403"))
      let demand = try await renter.demand { try await engine.renew(id, periods: 1, renter.caller(friend)) }
      let renewed = try await renter.pay(demand)
      try await renter.open(id, renewed, .read, path: "/photos/1", method: "GET")
      #expect(await refusal { try await renter.open(id, renewed, .write, path: "/photos/1") }.hasPrefix("403"))
      #expect(await refusal { try await renter.open(id, renewed, .read, path: "/x", method: "GET") }.hasPrefix("403"))
      #expect(
        await refusal { try await engine.narrow(id, caveats: ["leasehold_capabilities=write"], renter.caller(friend)) }
          == "invalid-field caveats")
      let bounded = try narrowed(credential, ["leasehold_max_msat=1000"])
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(bounded)) }.hasPrefix("403"))
    }
  }

  @Test func whatARevokedCredentialBegotIsRevoked() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let friend = try await engine.narrow(
        id, caveats: ["leasehold_capabilities=read,control"], renter.caller(credential))
      let shown = try minted(friend, like: credential)
      let child = try await engine.narrow(id, caveats: ["leasehold_path=/a"], renter.caller(shown))
      let childShown = try minted(child, like: credential)
      try await renter.open(id, childShown, .read, method: "GET")
      // The friend ends what came from it, never what it came from.
      let own = try #require(try await engine.credential(of: renter.caller(credential)))
      #expect(await refusal { try await engine.revoke(own.token, of: id, renter.caller(shown)) } == "403 not-yours")
      try await engine.revoke(friend.token, of: id, renter.caller(credential))
      #expect(await refusal { try await renter.open(id, shown, .read, method: "GET") } == "401 credential-revoked")
      #expect(await refusal { try await renter.open(id, childShown, .read, method: "GET") } == "401 credential-revoked")
      #expect(await refusal { try await engine.swap(id, renter.caller(childShown)) } == "401 credential-revoked")
      #expect(
        await refusal { try await engine.renew(id, periods: 1, renter.caller(childShown)) } == "401 credential-revoked")
      try await renter.open(id, credential)
      // Rotation leaves the new one alone.
      let rotated = try minted(try await engine.rotate(id, renter.caller(credential)), like: credential)
      #expect(await refusal { try await renter.open(id, credential) } == "401 credential-revoked")
      try await renter.open(id, rotated)
    }
  }

  @Test func aRotationWhoseAnswerWasLostIsToldAgain() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let key = "a key that nobody can guess"
      let heard = try await engine.rotate(id, renter.caller(credential, key: key))
      // Revoked by now, and shown under the same key.
      let again = try await engine.rotate(id, renter.caller(credential, key: key))
      #expect(again.token == heard.token)
      try await renter.open(id, try minted(again, like: credential))
      // Another key, a short one, and none are told nothing.
      for other in ["a key that somebody guesses", "short", nil] {
        #expect(
          await refusal { try await engine.rotate(id, renter.caller(credential, key: other)) }
            == "401 credential-revoked")
      }
      // Nor is anybody once what it left has ended.
      _ = try await engine.rotate(id, renter.caller(try minted(again, like: credential), key: key))
      #expect(
        await refusal { try await engine.rotate(id, renter.caller(credential, key: key)) } == "401 credential-revoked")
    }
  }

  @Test func whatIsPaidUpIsSwappedNeverSold() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let friend = Renter(platform, address: "198.51.100.9")
      // Others pay for a day; the first credential's ceiling passes.
      for _ in 0..<20 {
        let demand = try await friend.demand { try await engine.renew(id, periods: 1, friend.caller()) }
        _ = try await engine.renew(id, periods: 1, friend.caller(try await friend.pay(demand))).bought
      }
      try await platform.pass(3 * 3_600)
      #expect(try await platform.state(id) == "active")
      #expect(await refusal { try await renter.open(id, credential) } == "401 credential-stale")
      let fresh = try minted(try await engine.swap(id, renter.caller(credential)), like: credential)
      try await renter.open(id, fresh)
      #expect(try await engine.reader.lease(id, renter.caller(credential, method: "GET")).lease.id == id)
    }
  }

  @Test func sealedAndClosedLeasesSellNothing() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, bought) = try await renter.rent()
      _ = try await engine.operator.operate(.freeze, on: id, requestID: "1")
      #expect(await refusal { try await renter.open(id, bought) } == "403 lease-frozen")
      try await platform.settle()
      try await platform.pass(.day * 60)
      #expect(await refusal { try await renter.open(id, bought) } == "403 lease-frozen")
      #expect(try await platform.lease(id).account.balance == 3_600_000)
      _ = try await engine.operator.operate(.thaw, on: id, requestID: "2")
      try await platform.settle()
      #expect(await refusal { try await renter.open(id, bought) } == "401 credential-stale")
      let credential = try minted(try await engine.swap(id, renter.caller(bought)), like: bought)
      try await renter.open(id, credential)
      _ = try await engine.operator.operate(.suspend, on: id, requestID: "3")
      #expect(await refusal { try await renter.open(id, credential) } == "403 lease-frozen")
      try await platform.settle()
      _ = try await engine.release(id, renter.caller(credential, method: "DELETE"))
      #expect(await refusal { try await renter.open(id, credential) } == "lease-closed")
      try await platform.settle()
      #expect(await refusal { try await renter.open(id, credential) } == "lease-closed")
      #expect(await refusal { try await engine.renew(id, periods: 1, renter.caller(credential)) } == "lease-closed")
      try await platform.expectRest()
    }
  }

  @Test func paidIsPaidAtEveryDoor() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      // At the purchase's door.
      let one = try await renter.quote()
      let first = try await renter.pay(one)
      #expect(
        try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(first)).bought.lease.state.name
          == .provisioning)
      // At a data door: it is booked, and being made.
      let two = try await renter.quote()
      let second = try await renter.pay(two)
      #expect(await refusal { try await renter.open(two.lease, second) } == "503")
      #expect(try await platform.state(two.lease) == "provisioning")
      try await platform.settle()
      try await renter.open(two.lease, second)
      // By looking, and by the claim.
      let three = try await renter.quote()
      let third = try await renter.pay(three)
      #expect(
        try await engine.reader.lease(three.lease, renter.caller(third, method: "GET")).lease.state.name
          == .provisioning)
      let four = try await renter.quote()
      let claim = "L402 \(four.challenge.token):"
      #expect(try await engine.claim(four.paymentHash, renter.caller(claim, method: "GET")).preimage == nil)
      _ = try await renter.pay(four)
      let claimed = try await engine.claim(four.paymentHash, renter.caller(claim, method: "GET"))
      #expect(claimed.preimage?.paymentHash == four.paymentHash)
      #expect(claimed.state == .settled)
      // At the renewal's door, while the lease is suspended, and with the node away.
      try await platform.settle()
      try await platform.pass(3_601)
      let renewal = try await renter.demand { try await renter.open(two.lease, second) }
      let renewed = try await renter.pay(renewal)
      let away = platform.anotherEngine("away", node: AwayNode())
      try await away.prepare()
      #expect(await refusal { try await renter.open(two.lease, renewed, engine: away) } == "503")
      #expect(await refusal { try await away.renew(two.lease, periods: 1, renter.caller(renewed)) } == "503")
      #expect(await refusal { try await renter.open(two.lease, renewed) } == "503")
      try await platform.settle()
      try await renter.open(two.lease, renewed)
      #expect(
        try await engine.renew(two.lease, periods: 1, renter.caller(renewed)).bought.lease.account.balance > .zero)
      platform.clock.advance(by: 61)
      #expect(await refusal { try await engine.renew(two.lease, periods: 1, renter.caller(renewed)) } == "402")
    }
  }

  @Test func aDiskIsAttachedByItsOwnCredential() async throws {
    let compute = Terms(
      offer: "box", kind: .compute, resources: Resources(disk: 1, cpuMillis: 500, memory: ByteCount(1 << 20), pids: 10),
      period: 3_600, price: 3_600_000,
      policy: Policy(quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 3_600), maxPeriods: 24)
    var catalog = Catalog.standard
    catalog.offers.append(Offer(id: "box", title: "box", terms: compute, images: ["busybox"]))
    catalog.images = [ImageReference(name: "busybox", digest: "sha256:0", path: "/nowhere")]
    catalog.hosts.append(
      HostCapacity(
        host: "here", kind: .compute,
        limit: Resources(disk: 10, cpuMillis: 1_000, memory: ByteCount(1 << 30), pids: 100),
        uidBase: 1_000_000))
    try await Platform.with(catalog: catalog) { platform in
      let renter = Renter(platform)
      let (disk, credential) = try await renter.rent()
      let request = LeaseRequest(offer: "box", disk: disk)
      func ask(_ credential: String?) async -> String {
        await refusal { try await platform.engine.rent(request, body: [1], renter.caller(credential)) }
      }
      #expect(await ask(nil) == "401 credential-required")
      #expect(await ask(try narrowed(credential, ["leasehold_capabilities=write,control"])).hasPrefix("403"))
      // Mounted read-only.
      #expect(await ask(try narrowed(credential, ["leasehold_capabilities=read"])) == "402")
      #expect(await ask(try narrowed(credential, ["leasehold_path=/a"])).hasPrefix("403"))
      #expect(await ask(try await renter.rent().credential) == "403 wrong-lease")
      #expect(await ask(credential) == "402")
    }
  }
}

/// A node that cannot be reached.
struct AwayNode: LightningNode {
  let name = "embedded"
  private var error: NodeError { NodeError(.unavailable, attempted: "anything", words: "it is away") }
  func info() async throws(NodeError) -> NodeInfo { throw error }
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice { throw error }
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? { throw error }
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState { throw error }
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] { throw error }
}
