import Engine
import L402
import Ledger
import Testing
import Units

/// The road of a delegate: whatever is minted from a narrowed credential is as narrow.
@Suite struct DelegateAttackTests {
  private static let friendly: Set = ["read /photos/a", "look"]
  private static let payingFriendly: Set = ["read /photos/a", "look", "renew if paid"]

  @Test func narrowIsNarrowAfterEveryMinting() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let friend = try narrowed(lease.credential, "leasehold_capabilities=read,pay", "leasehold_path=/photos")
      #expect(await reach(of: friend, lease, owner, engine) == Self.payingFriendly)
      // By renewing, and renewing what came of it.
      var held = friend
      for _ in 0..<3 {
        let demand = try await owner.demand {
          try await engine.renew(lease.id, periods: 1, owner.caller(held, key: "renewal"))
        }
        held = try await owner.pay(demand)
        _ = try await engine.renew(lease.id, periods: 1, owner.caller(held)).bought
        #expect(await reach(of: held, lease, owner, engine) == Self.payingFriendly)
      }
      // By swapping, and by lending to oneself.
      held = try minted(try await engine.swap(lease.id, owner.caller(held)), like: held)
      #expect(await reach(of: held, lease, owner, engine) == Self.payingFriendly)
      held = try minted(
        try await engine.narrow(lease.id, caveats: ["leasehold_path=/photos"], owner.caller(held)), like: held)
      #expect(await reach(of: held, lease, owner, engine) == Self.payingFriendly)
      for wider in [
        "leasehold_capabilities=read,write", "leasehold_path=/", "leasehold_path=/photo", "leasehold_path=/photosx",
        "leasehold_valid_until=9223372036854775807", "leasehold_lease=\(lease.id)x", "services=leasehold:9",
        "Leasehold_path=/", "leasehold_unknown=1", "path=/photos", "read-only", "time<2026", "preimage=00",
        "path_prefix=/", "method=get", "valid_until=2030-01-01", "leasehold_path=/photos/%2e%2e",
      ] {
        #expect(
          await refusal { try await engine.narrow(lease.id, caveats: [wider], owner.caller(held)) }
            == "invalid-field caveats", "\(wider)")
      }
    }
  }

  /// What another tool narrowed is narrowed here, or opens nothing; and stays so in whatever is minted from it.
  @Test func otherToolsNarrowingsAreNeverSkipped() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      for unknown in ["path=/photos", "time < 2000-01-01T00:00", "read-only", "expires=5", ""] {
        let lying = try narrowed(lease.credential, unknown)
        #expect(await refusal { try await owner.open(lease.id, lying) } == "401 unknown-caveat", "\(unknown)")
        for attempt in [
          await refusal { _ = try await engine.swap(lease.id, owner.caller(lying)) },
          await refusal { _ = try await engine.renew(lease.id, periods: 1, owner.caller(lying)).bought },
          await refusal { _ = try await engine.introspect(owner.caller(lying)) },
        ] { #expect(attempt == "401 unknown-caveat", "\(unknown)") }
      }
      let friend = try narrowed(lease.credential, "path_prefix=/photos", "method=GET,POST", "max_sats=4000")
      var held = [friend]
      held.append(try minted(try await engine.swap(lease.id, owner.caller(friend)), like: friend))
      held.append(
        try minted(
          try await engine.narrow(lease.id, caveats: ["leasehold_capabilities=read,pay"], owner.caller(friend)),
          like: friend))
      held.append(
        try await owner.pay(
          try await owner.demand { try await engine.renew(lease.id, periods: 1, owner.caller(friend)) }))
      _ = try await engine.renew(lease.id, periods: 1, owner.caller(held[3])).bought
      for held in held {
        try await owner.open(lease.id, held, .read, path: "/photos/1", method: "GET")
        #expect(
          await refusal { try await owner.open(lease.id, held, .read, path: "/x", method: "GET") }
            == "403 narrowed-path")
        #expect(
          await refusal { try await owner.open(lease.id, held, .read, path: "/photos/1", method: "PUT") }
            == "403 narrowed-method")
        #expect(
          await refusal { _ = try await engine.renew(lease.id, periods: 2, owner.caller(held)).bought }
            == "403 narrowed-amount")
        let seen = try await engine.introspect(owner.caller(held))
        #expect(seen.path?.description == "/photos")
        #expect(seen.maxMsat == 4_000_000)
      }
    }
  }

  @Test func aDelegateNeitherRotatesNorEndsWhatItCameFrom() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let friend = try narrowed(lease.credential, "leasehold_path=/photos")
      #expect(await refusal { try await engine.rotate(lease.id, owner.caller(friend)) } == "403 narrowed-path")
      let controlling = try narrowed(lease.credential, "leasehold_capabilities=read,control")
      #expect(await refusal { try await engine.rotate(lease.id, owner.caller(controlling)) } == "403 not-yours")
      let lent = try minted(
        try await engine.narrow(
          lease.id, caveats: ["leasehold_capabilities=read,control"], owner.caller(lease.credential)),
        like: lease.credential)
      #expect(
        await refusal { try await engine.revoke(lease.token, of: lease.id, owner.caller(lent)) } == "403 not-yours")
      let sibling = try await engine.narrow(
        lease.id, caveats: ["leasehold_capabilities=read"], owner.caller(lease.credential))
      #expect(
        await refusal { try await engine.revoke(sibling.token, of: lease.id, owner.caller(lent)) } == "403 not-yours")
      try await engine.revoke(try token(of: lent), of: lease.id, owner.caller(lent))
      #expect(await reach(of: lent, lease, owner, engine) == [])
      try await owner.open(lease.id, lease.credential)
    }
  }

  /// The holder's own bound has passed: neither money nor a swap moves it, and no invoice is offered.
  @Test func aBoundOfItsOwnIsTheEndOfIt() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let until = platform.clock.now().unixSeconds + 600
      let friend = try narrowed(
        lease.credential, "leasehold_capabilities=read,pay", "leasehold_path=/photos",
        "leasehold_valid_until=\(until)")
      #expect(await reach(of: friend, lease, owner, engine) == Self.payingFriendly)
      let early = try await owner.demand { try await engine.renew(lease.id, periods: 1, owner.caller(friend)) }
      let renewed = try await owner.pay(early)
      _ = try await engine.renew(lease.id, periods: 1, owner.caller(renewed)).bought
      let swapped = try minted(try await engine.swap(lease.id, owner.caller(friend)), like: friend)
      platform.clock.advance(by: 600)
      for held in [friend, renewed, swapped] {
        #expect(await reach(of: held, lease, owner, engine) == [])
        #expect(
          await refusal { try await engine.renew(lease.id, periods: 1, owner.caller(held)) } == "403 narrowed-expired")
        #expect(await refusal { try await engine.swap(lease.id, owner.caller(held)) } == "403 narrowed-expired")
        #expect(
          await refusal { try await engine.narrow(lease.id, caveats: ["leasehold_path=/photos"], owner.caller(held)) }
            == "403 narrowed-expired")
        #expect(
          await refusal { try await owner.open(lease.id, held, .read, path: "/photos/a", method: "GET") }
            == "403 narrowed-expired")
      }
      try await owner.open(lease.id, lease.credential)
    }
  }

  @Test func aBoundOnInvoicesHoldsForEveryPrice() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let owner = Renter(platform)
      let lease = try await owner.buy()
      let friend = try narrowed(lease.credential, "leasehold_max_msat=3600000")
      #expect(await refusal { try await engine.renew(lease.id, periods: 1, owner.caller(friend)) } == "402")
      #expect(
        await refusal { try await engine.renew(lease.id, periods: 2, owner.caller(friend)) } == "403 narrowed-amount")
      let tight = try narrowed(lease.credential, "leasehold_max_msat=1")
      #expect(
        await refusal { try await engine.change(lease.id, to: "big", owner.caller(tight)) } == "403 narrowed-amount")
    }
  }
}
