import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Ten thousand leases whose webhooks never answer, each on a machine of its own: so much as can be on its way is, and a
/// lease is resumed all the same.
@Suite struct DeadWebhookTests {
  private static let dead = 10_000

  @Test func tenThousandOfThemDelayNoResume() async throws {
    try await Platform.with(connections: 12) { platform in
      let hanging = Gate()
      platform.messenger.answer { _ in
        await hanging.pass()
        return DeliveryFault("no answer in time")
      }
      let renter = Renter(platform)
      let (id, _) = try await renter.rent(periods: 24)
      let `operator` = platform.engine.operator
      _ = try await `operator`.operate(.suspend, on: id, reason: "test", requestID: "1")
      try await platform.settle()
      #expect(try await platform.state(id) == "suspended")
      let leases = try await platform.makeActive(Self.dead)
      try await platform.nameDeadWebhooks(of: leases)
      platform.clock.advance(by: 2_900)
      while try await platform.engine.work.scheduler.wakeDueLeases() > 0 {}
      let counts = try await platform.postgres.transaction { tx in try tx.deliveryCounts() }
      #expect(counts.waiting == Self.dead)
      try await platform.running {
        platform.engine.bell.ring()
        // The slots of both queues are taken, and nothing leaves them.
        await hanging.arrivals(2 * Deliveries.atOnce)
        _ = try await `operator`.operate(.resume, on: id, reason: "test", requestID: "2")
        try await waits {
          platform.engine.bell.ring()
          return try await platform.state(id) == "active"
        }
        #expect(platform.messenger.all.count == 2 * Deliveries.atOnce)
        let claimed = try await platform.count("SELECT count(*) FROM delivery WHERE claimed_until IS NOT NULL")
        #expect(claimed == Int64(2 * Deliveries.atOnce))
        #expect(try await platform.count("SELECT count(*) FROM delivery WHERE attempts > 0") == 0)
        // None of these is minted an invoice for, wanted or not, or costs the outbox a row.
        #expect(try await platform.count("SELECT count(*) FROM outbox WHERE lane = 'resource'") == 0)
        hanging.open()
      }
    }
  }
}

extension Platform {
  /// A confirmed webhook each, half of which failed before.
  fileprivate func nameDeadWebhooks(of leases: [LeaseID]) async throws {
    let book = ContactBook([messenger], keys: engine.access.keys)
    func hex(_ bytes: some Collection<UInt8>) -> String { "'\\x\(Hex.encode(Array(bytes)))'" }
    for part in stride(from: 0, to: leases.count, by: 1_000) {
      var tokens: [String] = []
      var contacts: [String] = []
      for number in part..<min(part + 1_000, leases.count) {
        let token = keyring.newToken()
        let sealed = book.sealed(.init(place: .init(address: "\(number).dead.example/hook"), base: ""), as: token)
        let site = keyring.hash(ofPlace: "\(number).dead.example").array[..<8]
        let lease = "'\(uuid(leases[number]))'"
        tokens.append(
          "(\(hex(token.bytes.array)), \(lease), \(hex(Array(repeating: 1, count: 32))), 'pay', now(), 'contact')")
        contacts.append(
          "(\(hex(token.bytes.array)), \(lease), 'webhook', \(hex(sealed)), \(hex(site)), now(), now(), "
            + (number.isMultiple(of: 2) ? "NULL" : "now()") + ")")
      }
      try await script(
        """
        INSERT INTO credential_token (id, lease, payment_hash, capabilities, created_at, minted_for)
        VALUES \(tokens.joined(separator: ","));
        INSERT INTO contact (token, lease, channel, sealed, site, created_at, confirmed_at, failing_since)
        VALUES \(contacts.joined(separator: ","));
        """)
    }
  }
}
