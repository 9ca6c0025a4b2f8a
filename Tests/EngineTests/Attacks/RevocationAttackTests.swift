import Engine
import L402
import Ledger
import Testing
import Units

/// The road of a child: whatever came from a revoked credential, before or after, opens nothing.
@Suite struct RevocationAttackTests {
  @Test func everyDescendantFallsWithItsAncestor() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let lent = try minted(
        try await engine.narrow(
          lease.id, caveats: ["leasehold_capabilities=read,pay"], owner.caller(lease.credential)),
        like: lease.credential)
      var line = [lent]
      // A swap, a child of it, a renewal of that, paid.
      line.append(try minted(try await engine.swap(lease.id, owner.caller(line[0])), like: line[0]))
      line.append(
        try minted(
          try await engine.narrow(lease.id, caveats: ["leasehold_path=/photos"], owner.caller(line[1])), like: line[1]))
      let demand = try await owner.demand { try await engine.renew(lease.id, periods: 1, owner.caller(line[2])) }
      line.append(try await owner.pay(demand))
      _ = try await engine.renew(lease.id, periods: 1, owner.caller(line[3])).bought
      // A challenge that was given out and is paid only after the revocation.
      let open = try await owner.demand { try await engine.renew(lease.id, periods: 2, owner.caller(line[3])) }
      try await engine.revoke(try token(of: lent), of: lease.id, owner.caller(lease.credential))
      line.append(try await owner.pay(open))
      for held in line {
        #expect(await reach(of: held, lease, owner, engine) == [])
        let caller = owner.caller(held)
        #expect(await refusal { try await engine.swap(lease.id, caller) } == "401 credential-revoked")
        #expect(
          await refusal { try await engine.narrow(lease.id, caveats: ["leasehold_path=/photos"], caller) }
            == "401 credential-revoked")
        #expect(
          await refusal { try await engine.renew(lease.id, periods: 1, caller) } == "401 credential-revoked")
        let shown = try #require(try PresentedCredential.parse(authorization: [held]))
        let claim = try PresentedCredential(macaroon: shown.macaroon, preimage: nil).authorization
        #expect(
          await refusal {
            try await engine.claim(shown.identifier.paymentHash, owner.caller(claim, method: "GET"))
          } == "401 credential-revoked")
      }
      // A daemon that starts afterwards knows it, too.
      let restarted = platform.anotherEngine()
      try await restarted.prepare()
      for held in line { #expect(await reach(of: held, lease, owner, restarted) == []) }
      try await owner.open(lease.id, lease.credential, engine: restarted)
    }
  }

  /// A challenge that was revoked is not handed out again to whoever pays.
  @Test func aRevokedChallengeIsReplaced() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let stranger = Renter(platform, address: "198.51.100.9")
      let first = try await stranger.demand { try await engine.renew(lease.id, periods: 1, stranger.caller()) }
      let rotated = try minted(
        try await engine.rotate(lease.id, owner.caller(lease.credential)), like: lease.credential)
      let second = try await stranger.demand { try await engine.renew(lease.id, periods: 1, stranger.caller()) }
      #expect(second.challenge.invoice == first.challenge.invoice)
      #expect(second.challenge.token != first.challenge.token)
      let paid = try await stranger.pay(second)
      _ = try await engine.renew(lease.id, periods: 1, stranger.caller(paid)).bought
      try await owner.open(lease.id, rotated)
      #expect(try await platform.lease(lease.id).account.balance == 7_200_000)
    }
  }

  @Test func theProviderEndsAllOfALease() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let other = try await owner.buy()
      let lent = try await engine.narrow(
        lease.id, caveats: ["leasehold_capabilities=read"], owner.caller(lease.credential))
      #expect(try await engine.operator.revocations.revokeAll(of: lease.id, requestID: "1") == 2)
      #expect(await reach(of: lease.credential, lease, owner, engine) == [])
      let friend = try minted(lent, like: lease.credential)
      #expect(await reach(of: friend, lease, owner, engine) == [])
      try await owner.open(other.id, other.credential)
    }
  }
}
