import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// The queue for places of a full offer.
@Suite struct WaitlistTests {
  /// Room for two.
  static let small = Catalog.of([Catalog.disk], room: 2)
  static let body = Array("disk/1".utf8)

  func join(
    _ renter: Renter, _ platform: Platform, engine: Engine? = nil
  ) async throws -> (view: WaitlistView, secret: String) {
    try await (engine ?? platform.engine).waitlist.join(LeaseRequest(offer: "disk"), body: Self.body, renter.caller())
  }

  func look(_ secret: String, _ renter: Renter, _ platform: Platform) async throws -> WaitlistView? {
    guard case .stands(let view) = try await platform.engine.waitlist.look(secret, renter.caller()) else { return nil }
    return view
  }

  func demand(_ secret: String, _ renter: Renter, _ platform: Platform) async throws -> PaymentDemand {
    guard case .pay(let demand) = try await platform.engine.waitlist.look(secret, renter.caller()) else {
      Issue.record("no place is held")
      throw CancellationError()
    }
    return demand
  }

  @Test func whoJoinedFirstIsOfferedThePlaceThatAReclaimFrees() async throws {
    try await Platform.with(catalog: Self.small) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (first, second) = (Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2"))
      #expect(await refusal { try await join(first, platform) } == "409 place-free")
      let one = try await renter.rent()
      _ = try await renter.rent()
      #expect(await refusal { try await first.quote() } == "full disk")
      let (a, b) = (try await join(first, platform), try await join(second, platform))
      #expect(a.view.position == 1 && b.view.position == 2)
      _ = try await engine.release(one.id, renter.caller(one.credential, method: "DELETE"))
      try await platform.settle()
      // Offered in the transaction that freed it: a stranger does not come between.
      #expect(await refusal { try await renter.quote() } == "full disk")
      #expect(try await look(b.secret, second, platform)?.position == 1)
      let demand = try await demand(a.secret, first, platform)
      #expect(demand.hasCapacity)
      #expect(demand.amount == 3_600_000)
      // Looked at twice it is one invoice.
      #expect(try await self.demand(a.secret, first, platform).paymentHash == demand.paymentHash)
      // Or as the purchase that it is.
      let again = try await first.demand {
        try await engine.rent(LeaseRequest(offer: "disk"), place: a.secret, body: Self.body, first.caller())
      }
      #expect(again.paymentHash == demand.paymentHash)
      let credential = try await first.pay(demand)
      let bought = try await engine.rent(LeaseRequest(offer: "disk"), body: Self.body, first.caller(credential)).bought
      #expect(bought.lease.id == demand.lease)
      try await platform.settle()
      #expect(try await look(a.secret, first, platform)?.state == .taken)
      try await first.open(demand.lease, credential)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func aPlaceThatIsNotTakenIsTheNextOnes() async throws {
    try await Platform.with(catalog: Self.small, settings: { $0.placeHeld = 1_800 }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (first, second) = (Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2"))
      let one = try await renter.rent(periods: 24)
      _ = try await renter.rent(periods: 24)
      let (a, b) = (try await join(first, platform), try await join(second, platform))
      _ = try await engine.release(one.id, renter.caller(one.credential, method: "DELETE"))
      try await platform.settle()
      _ = try await demand(a.secret, first, platform)
      try await platform.pass(1_799)
      #expect(try await look(b.secret, second, platform)?.state == .waiting)
      _ = try await demand(a.secret, first, platform)
      try await platform.pass(62)
      #expect(try await look(a.secret, first, platform)?.state == .lapsed)
      _ = try await demand(b.secret, second, platform)
      #expect(try await engine.waitlist.list(limit: 10).map(\.state) == [.lapsed, .offered])
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  /// Two daemons free two places and look for what is free at once: each place is offered once, in order.
  @Test func twoDaemonsOfferEachPlaceOnce() async throws {
    try await Platform.with(connections: 12, catalog: Self.small) { platform in
      let renter = Renter(platform)
      let leases = [try await renter.rent(), try await renter.rent()]
      var entries: [(view: WaitlistView, secret: String, renter: Renter)] = []
      for number in 1...4 {
        let waiting = Renter(platform, address: "198.51.100.\(number)")
        let joined = try await join(waiting, platform)
        entries.append((joined.view, joined.secret, waiting))
      }
      let engines = [platform.engine, platform.anotherEngine("two")]
      try await engines[1].prepare()
      for lease in leases {
        _ = try await engines[0].release(lease.id, renter.caller(lease.credential, method: "DELETE"))
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for engine in engines {
          group.addTask { try await platform.settle(engine) }
          group.addTask { for _ in 0..<5 { try await engine.waitlist.giveFreePlaces() } }
        }
        try await group.waitForAll()
      }
      try await platform.settle()
      #expect(
        try await platform.engine.waitlist.list(limit: 10).map(\.state) == [.offered, .offered, .waiting, .waiting])
      #expect(try await platform.engine.operator.audit().findings == [])
      let overview = try await platform.engine.operator.overview()
      #expect(overview.pools.first { $0.dimension == .disk }.map { $0.used == $0.limit } == true)
    }
  }

  /// A daemon that dies anywhere while it frees a place: afterwards it is offered, once, to the first.
  @Test(arguments: Mortality.Blow.allCases)
  func noDeathLosesAPlace(_ blow: Mortality.Blow) async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      // So that the lease that stands lasts longer than all the deaths.
      let held: Seconds = 120
      let platform = try Platform(on: observer, catalog: Self.small, settings: { $0.placeHeld = held })
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      _ = try await renter.rent(periods: 24)
      var deaths = 0
      for victim in 1...200 {
        let lease = try await renter.rent()
        let waiting = Renter(platform, address: "198.51.100.\(victim)")
        let joined = try await join(waiting, platform)
        _ = try await platform.engine.release(lease.id, renter.caller(lease.credential, method: "DELETE"))
        let mortality = Mortality(at: victim, blow, counting: .commitsAndCalls)
        let store = TestStore.store(on: database, connections: 3, faultHook: mortality.hook)
        let dying = platform.anotherEngine("dying", on: TestTimeStore(store, clock: platform.clock)) {
          $0.placeHeld = held
        }
        for _ in 0..<8 where !mortality.isDead {
          _ = try? await dying.work.effects.runDue()  // It is dead.
        }
        await store.pool.close()
        // The server notices a dead connection when it gets to it. Until then its locks stand, and runners pass over the
        // effects that it had claimed.
        try await platform.script("BEGIN; LOCK TABLE outbox, waitlist_entry; COMMIT")
        for span: Seconds in [0, 20, 20] { try await platform.pass(span) }
        let demand = try await demand(joined.secret, waiting, platform)
        #expect(try await platform.engine.operator.audit().findings == [], "\(mortality.lastAct)")
        // Nobody pays, and the room is free again.
        try await platform.pass(held + 61)
        #expect(try await platform.state(demand.lease) == "closed")
        guard mortality.isDead else { break }
        deaths += 1
      }
      #expect(deaths > 3)
      #expect(deaths < 200)
      await observer.pool.close()
    }
  }

  @Test func itIsBounded() async throws {
    try await Platform.with(
      catalog: Self.small,
      settings: {
        $0.waitlistPerOffer = 3
        $0.waitlistPerClient = 2
        $0.waitlistLasts = 600
      }
    ) { platform in
      let renter = Renter(platform)
      for _ in 0..<2 { _ = try await renter.rent(periods: 24) }
      let (first, second) = (Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2"))
      let a = try await join(first, platform)
      _ = try await join(first, platform)
      #expect(await refusal { try await join(first, platform) } == "409 waitlist-full")
      _ = try await join(second, platform)
      #expect(await refusal { try await join(second, platform) } == "409 waitlist-full")
      let waitlist = platform.engine.waitlist
      #expect(
        await refusal {
          try await waitlist.join(LeaseRequest(offer: "none"), body: [], first.caller())
        } == "unknown-offer")
      #expect(await refusal { try await waitlist.look("x", first.caller()) } == "unknown-waitlist-entry")
      #expect(await refusal { try await waitlist.leave("x") } == "unknown-waitlist-entry")
      #expect(
        await refusal {
          try await platform.engine.rent(
            LeaseRequest(offer: "disk", periods: 2), place: a.secret, body: [1], first.caller())
        } == "invalid-field waitlist")
      // Who leaves makes room, and what has expired does.
      try await waitlist.leave(a.secret)
      #expect(await refusal { try await waitlist.look(a.secret, first.caller()) } == "unknown-waitlist-entry")
      let b = try await join(first, platform)
      platform.clock.advance(by: 601)
      #expect(try await look(b.secret, first, platform)?.state == .expired)
      _ = try await join(second, platform)
      platform.clock.advance(by: .day * 4)
      _ = try await platform.postgres.transaction { tx in try tx.sweep(at: platform.clock.now()) }
      #expect(try await waitlist.list(limit: 10).isEmpty)
    }
  }

  @Test func whoNamedAWebhookIsToldOfThePlaceOnceAndHasItAsAContactOfTheLease() async throws {
    try await Platform.with(catalog: Self.small) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let first = Renter(platform, address: "198.51.100.1")
      let one = try await renter.rent(periods: 24)
      _ = try await renter.rent(periods: 24)
      let wish = ContactWish(channel: .webhook, address: "a.example/hook")
      let named = try engine.contacts.waiting([wish], base: "https://rent.example")
      #expect(named[0].secret?.hasPrefix("whsec_") == true)
      let joined = try await engine.waitlist.join(
        LeaseRequest(offer: "disk"), contacts: named, body: Self.body, first.caller())
      // Sealed, and with nobody's lease.
      #expect(
        try await platform.count("SELECT count(*) FROM waitlist_entry WHERE contacts::text LIKE '%example%'") == 0)
      #expect(platform.messenger.all.isEmpty)
      _ = try await engine.release(one.id, renter.caller(one.credential, method: "DELETE"))
      try await platform.settle()
      try await engine.waitlist.giveFreePlaces()
      try await platform.settle()
      let told = try #require(platform.messenger.all.first)
      #expect(platform.messenger.kinds(at: wish.address) == [.place])
      #expect(told.key == named[0].signingKey)
      // What takes the place is in no message.
      #expect(told.message.payAt == nil && told.message.invoice == nil)
      guard case .notice(let notice) = told.message.content else { throw CancellationError() }
      #expect(notice.deadline == platform.clock.now() + .minute * 10)
      #expect(try await platform.count("SELECT count(*) FROM waitlist_entry WHERE contacts <> '[]'") == 0)
      let demand = try await demand(joined.secret, first, platform)
      #expect(demand.lease == told.message.lease)
      let credential = try await first.pay(demand)
      _ = try await engine.rent(LeaseRequest(offer: "disk"), body: Self.body, first.caller(credential)).bought
      try await platform.settle()
      let asked = try await engine.contacts.ofPurchase([wish], of: demand.lease, base: "", first.caller(credential))
      #expect(asked.map(\.contact.token) == named.map(\.contact.token))
      #expect(asked.map(\.secret) == named.map(\.secret))
      try await platform.pass(2_900)
      #expect(platform.messenger.kinds(at: wish.address) == [.place, .renewal])
      #expect(platform.messenger.all.last?.message.payAt != nil)
    }
  }

  /// A place that is the next one's is not told of any more, and nothing of the contact is left.
  @Test func aMessageOfAPlaceThatIsGoneIsNotSent() async throws {
    try await Platform.with(catalog: Self.small, settings: { $0.placeHeld = 600 }) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let first = Renter(platform, address: "198.51.100.1")
      let one = try await renter.rent(periods: 24)
      _ = try await renter.rent(periods: 24)
      let named = try engine.contacts.waiting([.init(channel: .webhook, address: "a.example/hook")], base: "")
      _ = try await engine.waitlist.join(
        LeaseRequest(offer: "disk"), contacts: named, body: Self.body, first.caller())
      platform.messenger.answer { _ in DeliveryFault("it is away") }
      _ = try await engine.release(one.id, renter.caller(one.credential, method: "DELETE"))
      try await platform.settle()
      #expect(platform.messenger.all.count == 1)
      try await platform.pass(661)
      try await platform.pass(60)
      #expect(try await engine.waitlist.list(limit: 10).map(\.state) == [.lapsed])
      #expect(platform.messenger.all.count == 1)
      #expect(try await platform.count("SELECT count(*) FROM contact") == 0)
      #expect(try await platform.count("SELECT count(*) FROM delivery") == 0)
    }
  }

  @Test func whatIsNamedWhileWaitingIsBoundedAndAsksNobody() async throws {
    try await Platform.with { platform in
      let contacts = platform.engine.contacts
      let wish = ContactWish(channel: .webhook, address: "a.example")
      #expect(throws: Refusal.self) { try contacts.waiting([wish, wish, wish], base: "") }
      #expect(throws: Refusal.self) { try contacts.waiting([.init(channel: .webhook, address: "nowhere")], base: "") }
      #expect(throws: Refusal.self) { try contacts.waiting([.init(channel: .email, address: "a@b.example")], base: "") }
      let none = try contacts.waiting([], base: "")
      #expect(none.isEmpty)
    }
  }

  @Test func whatIsWithdrawnOrShrunkGivesNothingAndStopsNobody() async throws {
    let both = Catalog.of([Catalog.disk, Catalog.bigDisk], room: 5)
    try await Platform.with(catalog: both) { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let small = try await renter.rent(periods: 24)
      let big = try await renter.rent("big", periods: 24)
      let (first, second) = (Renter(platform, address: "198.51.100.1"), Renter(platform, address: "198.51.100.2"))
      let a = try await join(first, platform)
      let b = try await engine.waitlist.join(
        LeaseRequest(offer: "big"), body: Array("big/1".utf8), second.caller())
      // Who waits for what is not sold any more waits, and the next offer's are served past him.
      let other = platform.anotherEngine("two", catalog: Catalog.of([Catalog.bigDisk], room: 5))
      try await other.prepare()
      _ = try await other.release(big.id, renter.caller(big.credential, method: "DELETE"))
      try await platform.settle(other)
      #expect(try await look(a.secret, first, platform)?.state == .waiting)
      guard case .pay = try await engine.waitlist.look(b.secret, second.caller()) else {
        Issue.record("the big one is offered")
        return
      }
      // The host has less room than is let: what is given back is nobody's.
      let hosts = both.hosts.map { host in
        var less = host
        less.limit.disk = Catalog.gigabyte
        return less
      }
      try await platform.postgres.transaction { tx in try tx.setHosts(hosts) }
      _ = try await engine.release(small.id, renter.caller(small.credential, method: "DELETE"))
      try await platform.settle()
      try await engine.waitlist.giveFreePlaces()
      #expect(try await look(a.secret, first, platform)?.state == .waiting)
      try await platform.postgres.transaction { tx in try tx.setHosts(both.hosts) }
      try await engine.waitlist.giveFreePlaces()
      _ = try await demand(a.secret, first, platform)
      #expect(try await engine.operator.audit().findings == [])
    }
  }

  @Test func aPlaceIsNotHeldForWhatCannotBeBought() async throws {
    try await Platform.with(catalog: Self.small) { platform in
      let renter = Renter(platform)
      for _ in 0..<2 { _ = try await renter.rent(periods: 24) }
      let waitlist = platform.engine.waitlist
      for (request, word) in [
        (LeaseRequest(offer: "disk", periods: 1 << 40), "invalid-field periods"),
        (LeaseRequest(offer: "disk", periods: 9_999), "invalid-field periods"),
      ] {
        #expect(await refusal { try await waitlist.join(request, body: [], renter.caller()) } == word)
      }
    }
  }
}
