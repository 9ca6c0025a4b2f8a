import Engine
import L402
import Ledger
import Testing
import Units

/// The road of order: in whatever order caveats are added, they never allow more than any of them alone.
@Suite struct CaveatOrderAttackTests {
  private static let caveats = [
    "leasehold_capabilities=read,pay", "leasehold_capabilities=read", "leasehold_path=/photos",
    "leasehold_path=/photos/a", "leasehold_method=GET", "other_service=1",
  ]

  @Test func noOrderWidens() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let lease = try await owner.buy()
      #expect(await reach(of: lease.credential, lease, owner, platform.engine).count == 9)
      let alone = try await reaches(Self.caveats.map { [$0] }, lease, owner, platform.engine)
      var tried = 0
      for order in Self.orders(Self.caveats, upTo: 3) {
        let held = try order.reduce(lease.credential) { try narrowed($0, $1) }
        let reached = await reach(of: held, lease, owner, platform.engine)
        for caveat in order {
          let limit = try #require(alone[[caveat]])
          #expect(reached.isSubset(of: limit), "\(order) reaches \(reached)")
        }
        tried += 1
      }
      #expect(tried == 6 + 30 + 120)
      // Narrow first and wide afterwards is no credential at all.
      let widened = try narrowed(lease.credential, "leasehold_path=/photos/a", "leasehold_path=/photos")
      #expect(
        await refusal { try await owner.open(lease.id, widened, .read, path: "/photos/a", method: "GET") }
          == "401 caveat-widened")
    }
  }

  private func reaches(
    _ sets: [[String]], _ lease: Renter.Bought, _ renter: Renter, _ engine: Engine
  ) async throws -> [[String]: Set<String>] {
    var found: [[String]: Set<String>] = [:]
    for set in sets {
      let held = try set.reduce(lease.credential) { try narrowed($0, $1) }
      found[set] = await reach(of: held, lease, renter, engine)
    }
    return found
  }

  /// Every sequence of different ones, of one to `most`.
  private static func orders(_ items: [String], upTo most: Int) -> [[String]] {
    guard most > 0 else { return [] }
    return items.flatMap { first in
      [[first]] + orders(items.filter { $0 != first }, upTo: most - 1).map { [first] + $0 }
    }
  }
}
