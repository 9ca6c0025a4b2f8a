import Engine
import L402
import Ledger
import Testing
import Units

/// The road of paying: whoever pays for a lease that is not his has paid, and nothing more.
@Suite struct PayingAttackTests {
  @Test func payingForAFriendOpensNothing() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let stranger = Renter(platform, address: "198.51.100.9")
      let demand = try await stranger.demand {
        try await platform.engine.renew(lease.id, periods: 1, stranger.caller())
      }
      let paid = try await stranger.pay(demand)
      #expect(try await platform.engine.renew(lease.id, periods: 1, stranger.caller(paid)).bought.lease.id == lease.id)
      #expect(await reach(of: paid, lease, stranger, platform.engine) == ["renew if paid"])
      // Nor by what it can be turned into.
      let swapped = try minted(try await platform.engine.swap(lease.id, stranger.caller(paid)), like: paid)
      #expect(await reach(of: swapped, lease, stranger, platform.engine) == ["renew if paid"])
      let lent = try minted(
        try await platform.engine.narrow(
          lease.id, caveats: ["leasehold_capabilities=pay"], stranger.caller(paid)), like: paid)
      #expect(await reach(of: lent, lease, stranger, platform.engine) == ["renew if paid"])
      let again = try await stranger.demand {
        try await platform.engine.renew(lease.id, periods: 2, stranger.caller(paid))
      }
      let longer = try await stranger.pay(again)
      #expect(await reach(of: longer, lease, stranger, platform.engine) == ["renew if paid"])
    }
  }

  /// The owner's own open invoice is shown to the owner: its preimage is worth nothing without a macaroon.
  @Test func payingTheOwnersInvoiceOpensNothing() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let own = try await owner.demand {
        try await platform.engine.renew(lease.id, periods: 1, owner.caller(lease.credential))
      }
      let stranger = Renter(platform, address: "198.51.100.9")
      // The invoice is one and the same, so the stranger knows it, pays it, and has the preimage.
      let theirs = try await stranger.demand {
        try await platform.engine.renew(lease.id, periods: 1, stranger.caller())
      }
      #expect(theirs.challenge.invoice == own.challenge.invoice)
      #expect(theirs.challenge.token != own.challenge.token)
      let paid = try await stranger.pay(theirs)
      #expect(await reach(of: paid, lease, stranger, platform.engine) == ["renew"])
      #expect(await reach(of: paid, lease, stranger, platform.engine) == ["renew if paid"])
      // A purchase that is paid by somebody else is still its buyer's.
      let quote = try await owner.quote()
      let preimage = try await platform.node.payOwn(quote.challenge.invoice)
      let forged = try PresentedCredential(macaroon: theirs.challenge.macaroon, preimage: preimage).authorization
      #expect(
        await refusal { try await platform.engine.reader.lease(quote.lease, stranger.caller(forged, method: "GET")) }
          == "401 wrong-preimage")
      #expect(
        await refusal { try await platform.engine.reader.lease(quote.lease, stranger.caller(method: "GET")) }
          == "401 credential-required")
      let bought = try owner.credential(quote.challenge.macaroon, preimage)
      #expect(
        try await platform.engine.reader.lease(quote.lease, owner.caller(bought, method: "GET")).lease.id == quote.lease
      )
    }
  }

  /// The claim gives a preimage to whoever holds a macaroon for the payment, and that one says what it may do.
  @Test func claimingWhatSomebodyElsePaidOpensNothing() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let own = try await owner.demand {
        try await platform.engine.renew(lease.id, periods: 1, owner.caller(lease.credential))
      }
      let stranger = Renter(platform, address: "198.51.100.9")
      let theirs = try await stranger.demand {
        try await platform.engine.renew(lease.id, periods: 1, stranger.caller())
      }
      try await owner.pay(own)
      let claimed = try await platform.engine.claim(
        theirs.paymentHash, stranger.caller("L402 \(theirs.challenge.token):", method: "GET"))
      let preimage = try #require(claimed.preimage)
      let credential = try stranger.credential(theirs.challenge.macaroon, preimage)
      #expect(await reach(of: credential, lease, stranger, platform.engine).isSubset(of: ["renew", "renew if paid"]))
    }
  }

  /// What may only pay shows nothing of the lease beyond what paying says.
  @Test func theSameChallengeIsGivenToAll() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let one = Renter(platform, address: "198.51.100.9")
      let two = Renter(platform, address: "198.51.100.10")
      let first = try await one.demand { try await platform.engine.renew(lease.id, periods: 1, one.caller()) }
      let second = try await two.demand { try await platform.engine.renew(lease.id, periods: 1, two.caller()) }
      #expect(first.challenge == second.challenge)
    }
  }
}
