import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Where a renter is told, and what goes there.
@Suite struct ContactTests {
  private static let hook = ContactWish(channel: .webhook, address: "a.example/hook")
  private static let base = "https://rent.example"

  private func add(
    _ wish: ContactWish = hook, to id: LeaseID, _ renter: Renter, _ credential: String, _ platform: Platform
  ) async throws -> ContactView {
    try await platform.engine.contacts.add(wish, to: id, base: Self.base, renter.caller(credential))
  }

  @Test func everyNoticeOfTheLadderArrivesOnce() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let contact = try await add(to: id, renter, credential, platform)
      #expect(contact.contact.confirmedAt != nil)
      #expect(contact.secret?.hasPrefix("whsec_") == true)
      for _ in 0..<200 { try await platform.pass(60) }
      let kinds = platform.messenger.kinds(at: Self.hook.address)
      #expect(
        kinds == [.renewal, .renewalHalf, .renewalTenth, .reclaim], "a first period has no grace: \(kinds)")
      #expect(platform.channel.notices(about: id).map(\.kind) == kinds)
      let first = try #require(platform.messenger.all.first)
      #expect(first.message.id.wholeMatch(of: /msg_[0-9a-f]{32}/) != nil)
      #expect(first.message.payAt?.wholeMatch(of: #/https://rent\.example/d/[0-9a-z]{26}//#) != nil)
      #expect(Set(platform.messenger.all.map(\.message.id)).count == kinds.count)
      #expect(first.key == contact.signingKey)
      // Closed: nothing is left of it.
      #expect(try await platform.state(id) == "closed")
      let left = try await platform.postgres.transaction { tx in
        (try tx.contacts(of: id), try tx.deliveries(of: id))
      }
      #expect(left.0.isEmpty && left.1.isEmpty)
    }
  }

  @Test func whatAContactLinksToPaysAndOpensNothing() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      _ = try await add(to: id, renter, credential, platform)
      try await platform.pass(2_900)
      let link = try #require(platform.messenger.all.first?.message.payAt)
      let secret = String(link.dropFirst("\(Self.base)/d/".count).dropLast())
      let door = try #require(try await platform.engine.addresses.find(secret))
      #expect(door.address.lease == id && door.address.capabilities == .pay)
      // Neither among the addresses nor among the credentials that a holder sees, and it outlives a rotation.
      #expect(try await platform.engine.addresses.list(of: id, renter.caller(credential)).isEmpty)
      #expect(try await platform.engine.credentials(of: id, renter.caller(credential)).count == 1)
      _ = try await platform.engine.rotate(id, renter.caller(credential))
      #expect(try await platform.engine.addresses.find(secret) != nil)
    }
  }

  @Test func theSamePlaceIsOneContactAndFiveAreAllThereAre() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let first = try await add(to: id, renter, credential, platform)
      let again = try await add(to: id, renter, credential, platform)
      #expect(first.contact.token == again.contact.token && first.secret == again.secret)
      for number in 1...4 {
        _ = try await add(.init(channel: .webhook, address: "\(number).example"), to: id, renter, credential, platform)
      }
      let refused = await refusal {
        try await add(.init(channel: .webhook, address: "6.example"), to: id, renter, credential, platform)
      }
      #expect(refused == "409 too-many-contacts")
      let listed = try await platform.engine.contacts.list(of: id, renter.caller(credential))
      #expect(listed.count == 5 && listed.allSatisfy { $0.secret == nil })
      #expect(listed.contains { $0.masked == "a.ex…" })
      // Taken away, and named again under another name.
      try await platform.engine.contacts.remove(first.contact.token, of: id, renter.caller(credential))
      let later = try await add(to: id, renter, credential, platform)
      #expect(later.contact.token != first.contact.token)
    }
  }

  @Test func whatIsKeptIsSealedUnderItsOwnName() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let contact = try await add(to: id, renter, credential, platform).contact
      let text = String(decoding: contact.sealed, as: UTF8.self)
      #expect(!text.contains("example"))
      let book = ContactBook([], keys: platform.engine.access.keys)
      #expect(book.open(contact)?.place.address == Self.hook.address)
      var moved = contact
      moved.token = platform.keyring.newToken()
      #expect(book.open(moved) == nil)
    }
  }

  @Test func whoHoldsLessThanTheLeaseNeitherSeesContactsNorNamesAny() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let contact = try await add(to: id, renter, credential, platform)
      let lent = try await platform.engine.narrow(id, caveats: ["leasehold_method=POST"], renter.caller(credential))
      let preimage = try #require(renter.paid.first?.preimage)
      let narrowed = try renter.credential(lent.macaroon, preimage)
      for shown in [narrowed] {
        #expect(await refusal { try await add(to: id, renter, shown, platform) } == "403 not-yours")
        let seen = await refusal { try await platform.engine.contacts.list(of: id, renter.caller(shown)) }
        #expect(seen == "403 not-yours")
        let removed = await refusal {
          try await platform.engine.contacts.remove(contact.contact.token, of: id, renter.caller(shown))
        }
        #expect(removed == "403 not-yours")
      }
      #expect(await refusal { try await platform.engine.contacts.list(of: id, renter.caller()) }.hasPrefix("401"))
    }
  }

  @Test func aContactThatIsTakenAwayUnderAPendingNoticeIsNotTold() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let contact = try await add(to: id, renter, credential, platform).contact
      platform.messenger.answer { _ in DeliveryFault("it is away") }
      try await platform.pass(2_900)
      #expect(platform.messenger.kinds(at: Self.hook.address).count == 1)
      _ = try await add(.init(channel: .webhook, address: "b.example/hook"), to: id, renter, credential, platform)
      try await platform.engine.contacts.remove(contact.token, of: id, renter.caller(credential))
      platform.messenger.answer { _ in nil }
      try await platform.pass(60)
      #expect(platform.messenger.kinds(at: Self.hook.address).count == 1)
      // The next is the new one's.
      try await platform.pass(240)
      #expect(platform.messenger.kinds(at: "b.example/hook").first == .renewalHalf)
    }
  }

  @Test func aPurchaseNamesContactsOnceHoweverOftenItIsAnswered() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let contacts = platform.engine.contacts
      #expect(throws: Refusal.self) { try contacts.check([.init(channel: .nostr, address: "npub1.x")]) }
      #expect(throws: Refusal.self) { try contacts.check(Array(repeating: Self.hook, count: 6)) }
      let made = try await contacts.ofPurchase([Self.hook], of: id, base: Self.base, renter.caller(credential))
      let again = try await contacts.ofPurchase([Self.hook], of: id, base: Self.base, renter.caller(credential))
      #expect(made.count == 1 && made == again)
      try await contacts.remove(made[0].contact.token, of: id, renter.caller(credential))
      #expect(
        try await contacts.ofPurchase([Self.hook], of: id, base: Self.base, renter.caller(credential)).isEmpty)
    }
  }

  // MARK: The invoice in a message

  private func minted(_ id: LeaseID, _ platform: Platform) async throws -> [InvoiceRecord] {
    try await platform.postgres.transaction { tx in try tx.openInvoices(of: id) }
  }

  @Test func anInvoiceIsMintedForWhoWantsItAndForNobodyElse() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let plain = try await add(to: id, renter, credential, platform)
      #expect(!plain.contact.wantsInvoice)
      try await platform.pass(2_860)
      #expect(platform.messenger.all.map(\.message.invoice) == [nil])
      #expect(try await minted(id, platform).isEmpty)
      // The same place, with other wishes, is the same contact.
      var wish = Self.hook
      wish.wantsInvoice = true
      let wanting = try await add(wish, to: id, renter, credential, platform)
      #expect(wanting.contact.wantsInvoice && wanting.contact.token == plain.contact.token)
      let listed = try await platform.engine.contacts.list(of: id, renter.caller(credential))
      #expect(listed.map(\.contact.wantsInvoice) == [true])
      _ = try await add(
        .init(channel: .webhook, address: "b.example", wantsInvoice: true), to: id, renter, credential, platform)
      try await platform.pass(300)
      let invoices = platform.messenger.all.dropFirst().map(\.message.invoice)
      let invoice = try #require(invoices.first ?? nil)
      // Two contacts are sent one invoice, which is the one that who asks is shown.
      #expect(invoices == [invoice, invoice])
      #expect(try await minted(id, platform).map(\.bolt11) == [invoice.bolt11])
      let demand = try await renter.demand {
        try await platform.engine.renew(id, periods: 1, renter.caller(credential))
      }
      #expect(demand.challenge.invoice == invoice.bolt11)
      #expect(invoice.amount == demand.amount && invoice.expiresAt == demand.expiresAt)
      #expect(invoice.expiresAt > platform.clock.now())
      // It is paid by whoever has the message, and the lease goes on.
      let before = try #require(try await platform.lease(id).paidUntil)
      _ = try await renter.pay(demand)
      #expect(try await platform.engine.money.settlements.bookIfSettled(demand.paymentHash))
      #expect(try #require(try await platform.lease(id).paidUntil) == before + 3_600)
    }
  }

  /// What does not arrive mints nothing, however often it is tried; and what is sent late is sent with what can be paid.
  @Test func whatDoesNotArriveMintsOnceAndALateMessageHasNoInvoiceThatRanOut() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      var wish = Self.hook
      wish.wantsInvoice = true
      _ = try await add(wish, to: id, renter, credential, platform)
      platform.messenger.answer { _ in DeliveryFault("it is away") }
      try await platform.pass(2_860)
      let first = try #require(platform.messenger.all.first?.message.invoice)
      // It ends with the node's or our own word; let it be soon.
      try await platform.script("UPDATE invoice SET expires_at = expires_at - interval '1 day' WHERE state = 'open'")
      for _ in 0..<6 { try await platform.pass(20) }
      let attempts = platform.messenger.all
      #expect(attempts.count >= 4)
      #expect(attempts.dropFirst().allSatisfy { $0.message.invoice == nil && $0.message.payAt != nil })
      #expect(Set(attempts.map(\.message.id)).count == 1)
      #expect(try await minted(id, platform).compactMap(\.bolt11) == [first.bolt11])
      // Somebody asks and there is an open one: that goes with the next attempt.
      let demand = try await renter.demand {
        try await platform.engine.renew(id, periods: 1, renter.caller(credential))
      }
      platform.messenger.answer { _ in nil }
      try await platform.pass(120)
      let last = try #require(platform.messenger.all.last)
      #expect(last.message.invoice?.bolt11 == demand.challenge.invoice)
    }
  }

  @Test func aNodeThatIsAwayKeepsNoMessageAway() async throws {
    try await TestStore.with(connections: 6) { store in
      let platform = try Platform(on: store)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      var wish = Self.hook
      wish.wantsInvoice = true
      _ = try await add(wish, to: id, renter, credential, platform)
      platform.clock.advance(by: 2_860)
      let node = SwitchedNode(platform.node)
      node.goAway()
      let engine = platform.anotherEngine("two", node: node)
      try await platform.settle(engine)
      #expect(platform.messenger.all.map(\.message.invoice) == [nil])
      #expect(platform.messenger.all.first?.message.payAt != nil)
      #expect(try await platform.postgres.transaction { tx in try tx.deliveries(of: id) }.isEmpty)
    }
  }

  @Test func whoHasPaidIsNotToldThatHisTimeRunsOut() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      _ = try await add(to: id, renter, credential, platform)
      platform.messenger.answer { _ in DeliveryFault("it is away") }
      try await platform.pass(2_860)
      #expect(platform.messenger.all.count == 1)
      let demand = try await renter.demand {
        try await platform.engine.renew(id, periods: 1, renter.caller(credential))
      }
      _ = try await renter.pay(demand)
      #expect(try await platform.engine.money.settlements.bookIfSettled(demand.paymentHash))
      platform.messenger.answer { _ in nil }
      try await platform.pass(60)
      #expect(platform.messenger.all.count == 1)
      #expect(try await platform.postgres.transaction { tx in try tx.deliveries(of: id) }.isEmpty)
      #expect(platform.engine.work.deliveries.tally.all[.init(channel: .webhook, outcome: .moot)] == 1)
    }
  }
}
