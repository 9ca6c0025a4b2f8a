import Dispatch
import Engine
import L402
import Ledger
import Macaroons
import Synchronization
import TestKit
import Testing
import Units

/// The phone wallet's way: the preimage goes to the macaroon's holder, and only when the payment settled.
@Suite struct ClaimTests {
  @Test func thePreimageIsForTheHolderAndOnlyWhenSettled() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let hash = quote.paymentHash
      func claim(_ authorization: String?, _ of: PaymentHash? = nil) async -> String {
        await refusal {
          _ = try await engine.claim(of ?? hash, renter.caller(authorization, method: "GET"))
        }
      }
      let mine = "L402 \(quote.challenge.token):"
      let open = try await engine.claim(hash, renter.caller(mine, method: "GET"))
      #expect(open.state == .open)
      #expect(open.preimage == nil)
      // Nobody else's business, whether it is paid or not.
      for _ in 0..<2 {
        #expect(await claim(nil) == "401 credential-required")
        #expect(await claim("Bearer x") == "401 credential-required")
        #expect(await claim("L402 rubbish:") == "401 bad-header")
        #expect(await claim("L402 \(quote.challenge.token)") == "401 bad-header")
        #expect(await claim("L402 \(quote.challenge.token):00") == "401 bad-header")
        #expect(
          await claim("L402 \(quote.challenge.token):\(String(repeating: "0", count: 64))") == "401 wrong-preimage")
        let other = try await renter.quote()
        #expect(await claim("L402 \(other.challenge.token):") == "401 wrong-preimage")
        #expect(await claim(mine, other.paymentHash) == "401 wrong-preimage")
        let foreign = MasterKeyring(key: .random())
        let forged = try foreign.mint(
          paymentHash: hash, token: foreign.newToken(),
          caveats: MintedCaveats(capabilities: .all, lease: quote.lease.description, validUntil: .max / 2))
        #expect(await claim("L402 \(Base64.encode(forged.wire)):") == "401 credential-forged")
        let widened = quote.challenge.macaroon.adding(["leasehold_path=/a", "leasehold_path=/"])
        #expect(await claim("L402 \(Base64.encode(widened.wire)):") == "401 caveat-widened")
        try await renter.pay(quote)
      }
      let paid = try await engine.claim(hash, renter.caller(mine, method: "GET"))
      #expect(paid.state == .settled)
      let preimage = try #require(paid.preimage)
      #expect(preimage.paymentHash == hash)
      let credential = try renter.credential(quote.challenge.macaroon, preimage)
      try await platform.settle()
      try await renter.open(quote.lease, credential)
      // Whoever has the whole credential may ask too.
      #expect(try await engine.claim(hash, renter.caller(credential, method: "GET")).preimage == preimage)
      // The empty preimage is good for this and for nothing else.
      #expect(await refusal { try await renter.open(quote.lease, mine) } == "401 bad-header")
      #expect(await refusal { try await engine.swap(quote.lease, renter.caller(mine)) } == "401 bad-header")
      #expect(
        await refusal { try await engine.renew(quote.lease, periods: 1, renter.caller(mine)) } == "401 bad-header")
      // Revoked is revoked here as well.
      try await engine.revoke(try token(of: credential), of: quote.lease, renter.caller(credential))
      #expect(await claim(mine) == "401 credential-revoked")
    }
  }

  /// Another invoice is offered instead, and whoever has this one on a telephone may still pay it.
  @Test func anInvoiceThatIsOfferedNoLongerIsOpen() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let caller = renter.caller("L402 \(quote.challenge.token):", method: "GET")
      try await platform.postgres.transaction { tx in
        for invoice in try tx.openInvoices(of: quote.lease) { try tx.setInvoiceState(id: invoice.id, .replaced) }
      }
      #expect(try await platform.engine.claim(quote.paymentHash, caller).state == .open)
      try await renter.pay(quote)
      #expect(try await platform.engine.claim(quote.paymentHash, caller).preimage?.paymentHash == quote.paymentHash)
    }
  }

  /// The payment is booked while the claim is between its two questions to the database.
  @Test(.timeLimit(.minutes(5))) func aBookingInBetweenIsSeenWhole() async throws {
    try await TestStore.withDatabase { database in
      let observer = TestStore.store(on: database, connections: 3)
      let platform = try Platform(on: observer)
      defer { platform.node.close() }
      try await platform.engine.prepare()
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let caller = renter.caller("L402 \(quote.challenge.token):", method: "GET")
      let (questions, question) = AsyncStream.makeStream(of: Void.self)
      let booked = DispatchSemaphore(value: 0)
      let isFirst = Atomic(true)
      let store = TestStore.store(on: database, connections: 3) { statement in
        if statement.hasPrefix("SELECT preimage"), isFirst.exchange(false, ordering: .relaxed) {
          question.yield()
          booked.wait()
        }
        return nil
      }
      let claiming = platform.anotherEngine("claiming", on: TestTimeStore(store, clock: platform.clock))
      async let claimed = claiming.claim(quote.paymentHash, caller)
      // Also when what follows throws: a thread waits there.
      defer { booked.signal() }
      for await _ in questions { break }
      try await renter.pay(quote)
      #expect(try await platform.engine.claim(quote.paymentHash, caller).state == .settled)
      booked.signal()
      let seen = try await claimed
      #expect(seen.state == .settled)
      #expect(seen.preimage?.paymentHash == quote.paymentHash)
      await store.pool.close()
      await observer.pool.close()
    }
  }

  @Test func whatWasNeverPaidHasNoPreimage() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      try await platform.pass(.minute * 30)
      try await platform.engine.work.sweeper.sweep()
      let claim = renter.caller("L402 \(quote.challenge.token):", method: "GET")
      let lapsed = try await platform.engine.claim(quote.paymentHash, claim)
      #expect(lapsed.preimage == nil)
      #expect([.canceled, .expired].contains(lapsed.state))
      // Past its keeping it is forgotten.
      try await platform.pass(.day * 3)
      try await platform.engine.work.sweeper.sweep()
      #expect(await refusal { try await platform.engine.claim(quote.paymentHash, claim) } == "unknown-payment")
    }
  }
}
