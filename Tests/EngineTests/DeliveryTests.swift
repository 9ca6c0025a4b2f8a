import L402
import Leasing
import Ledger
import Synchronization
import TestKit
import Testing
import Units

@testable import Engine

/// What is on its way to contacts: tried again, given up, and in nobody's way.
@Suite struct DeliveryTests {
  private func rented(
    _ platform: Platform, at address: String = "a.example/hook"
  ) async throws -> (id: LeaseID, credential: String, renter: Renter) {
    let renter = Renter(platform)
    let (id, credential) = try await renter.rent()
    _ = try await platform.engine.contacts.add(
      .init(channel: .webhook, address: address), to: id, base: "", renter.caller(credential))
    return (id, credential, renter)
  }

  private func rows(_ id: LeaseID, _ platform: Platform) async throws -> [DeliveryRow] {
    try await platform.postgres.transaction { tx in try tx.deliveries(of: id) }
  }

  @Test func whatFailsIsTriedAgainUnderTheSameIDUntilItArrives() async throws {
    try await Platform.with { platform in
      let (id, credential, renter) = try await rented(platform)
      let left = Mutex(3)
      platform.messenger.answer { _ in
        left.withLock { left in
          left -= 1
          return left >= 0 ? DeliveryFault("it answered 503") : nil
        }
      }
      try await platform.pass(2_860)
      let row = try #require(try await rows(id, platform).first)
      #expect(row.attempts == 1 && row.lastError == "it answered 503" && row.deadAt == nil)
      let contact = try await platform.engine.contacts.list(of: id, renter.caller(credential))[0].contact
      #expect(contact.failingSince != nil && contact.deliveredAt == nil)
      for _ in 0..<10 { try await platform.pass(10) }
      #expect(platform.messenger.all.count == 4)
      #expect(Set(platform.messenger.all.map(\.message.id)).count == 1)
      #expect(try await rows(id, platform).isEmpty)
      let later = try await platform.engine.contacts.list(of: id, renter.caller(credential))[0].contact
      #expect(later.failingSince == nil && later.deliveredAt != nil)
      #expect(
        platform.engine.work.deliveries.tally.all == [
          .init(channel: .webhook, outcome: .failed): 3, .init(channel: .webhook, outcome: .delivered): 1,
        ])
    }
  }

  @Test func whatNeverArrivesIsADeadLetterThatIsToldAndCanBeRevived() async throws {
    try await Platform.with { platform in
      let (id, credential, renter) = try await rented(platform)
      platform.messenger.answer { _ in DeliveryFault("it answered 410: gone", isFinal: true) }
      try await platform.pass(2_860)
      let row = try #require(try await rows(id, platform).first)
      #expect(row.deadAt != nil && row.attempts == 1)
      let events = try await platform.postgres.transaction { tx in try tx.events(of: id, after: 0, limit: 100) }
      let told = try #require(events.first { $0.name == .undelivered })
      #expect(told.feedName == .undelivered)
      #expect(told.evidence == ["kind": "renewal", "channel": "webhook", "reason": "it answered 410: gone"])
      #expect(told.summary == "the notice did not arrive by webhook: it answered 410: gone")
      platform.messenger.answer { _ in nil }
      let notices = platform.engine.operator.notices
      #expect(try await notices.list(limit: 10).map(\.id) == [row.id])
      #expect(await refusal { try await notices.retry(reason: "", requestID: "1") } == "invalid-field reason")
      #expect(try await notices.retry(id: row.id + 1, reason: "x", requestID: "2") == 0)
      #expect(try await notices.retry(of: id, reason: "he mended it", requestID: "3") == 1)
      let resent = try await platform.postgres.transaction { tx in try tx.events(of: id, after: 0, limit: 100) }
      let kept = try #require(resent.first { $0.name == .resent })
      #expect(kept.feedName == nil && kept.summary == "the provider sends again what did not arrive: he mended it")
      try await platform.settle()
      #expect(try await rows(id, platform).isEmpty)
      let contact = try await platform.engine.contacts.list(of: id, renter.caller(credential))[0].contact
      #expect(contact.failingSince == nil)
    }
  }

  @Test func whatIsPastItsDeadlineIsGivenUp() async throws {
    try await Platform.with { platform in
      let (id, _, _) = try await rented(platform)
      platform.messenger.answer { _ in DeliveryFault("it is away") }
      try await platform.pass(2_860)
      // Nobody is there to try it.
      platform.clock.advance(by: .hour)
      try await platform.engine.work.deliveries.giveUp()
      let row = try #require(try await rows(id, platform).first)
      #expect(row.deadAt == platform.clock.now())
      #expect(platform.engine.work.deliveries.tally.all[.init(channel: .webhook, outcome: .dead)] == 1)
    }
  }

  /// At least once, and the receiver can tell.
  @Test func whoDiesBetweenSendingAndRecordingSendsItAgainUnderTheSameID() async throws {
    try await Platform.with { platform in
      let (id, _, _) = try await rented(platform)
      platform.clock.advance(by: 2_860)
      _ = try await platform.engine.work.scheduler.wakeDueLeases()
      // It was sent by somebody who claimed it and is gone.
      let now = platform.clock.now()
      let claims = try await platform.postgres.transaction { tx in
        try tx.claimDeliveries(
          retries: false, of: [.webhook], passing: [], owner: "dead", at: now, until: now + 60, limit: 10)
      }
      #expect(claims.count == 1)
      try await platform.settle()
      #expect(platform.messenger.all.isEmpty)
      try await platform.pass(61)
      #expect(platform.messenger.all.count == 1)
      #expect(try await rows(id, platform).isEmpty)
      // Whoever was thought dead and is not records nothing any more.
      let recorded = try await platform.postgres.transaction { tx in
        try tx.finishDelivery(claims[0], owner: "dead", at: now)
      }
      #expect(!recorded)
    }
  }

  /// Hundreds of contacts at one site that never answers, and some elsewhere that do.
  @Test func aDeadSiteDelaysNeitherAnothersNoticeNorAResume() async throws {
    try await Platform.with(connections: 12) { platform in
      let hanging = Gate()
      platform.messenger.answer { sent in
        guard sent.address.hasPrefix("dead.example") else { return nil }
        await hanging.pass()
        return DeliveryFault("no answer in time")
      }
      let leases = try await platform.makeActive(60)
      let book = ContactBook([platform.messenger], keys: platform.engine.access.keys)
      let now = platform.clock.now()
      for (number, id) in leases.enumerated() {
        let address = number < 50 ? "dead.example/\(number)" : "\(number).example/hook"
        let token = platform.keyring.contactToken(lease: [UInt8(number)], place: [])
        let sealed = book.sealed(.init(place: .init(address: address), base: ""), as: token)
        let site = Array(
          platform.keyring.hash(ofPlace: String(address.split(separator: "/")[0])).array[..<8])
        try await platform.postgres.transaction { tx in
          try tx.insertToken(
            TokenRecord(
              id: token, lease: id, parent: nil, paymentHash: PaymentHash(Array(repeating: 1, count: 32))!,
              capabilities: "pay", createdAt: now, mintedFor: .contact))
          try tx.insertContact(
            ContactRecord(
              token: token, lease: id, channel: .webhook, sealed: sealed, site: site, codeHash: nil,
              createdAt: now, confirmedAt: now))
        }
      }
      try await platform.running {
        platform.clock.advance(by: 2_900)
        platform.engine.bell.ring()
        // Everything that can arrive does, while two at the dead site hang.
        try await waits {
          platform.engine.bell.ring()
          return Set(platform.messenger.all.map(\.address)).filter { !$0.hasPrefix("dead") }.count == 10
        }
        #expect(platform.messenger.all.filter { $0.address.hasPrefix("dead") }.count == Deliveries.atOncePerSite)
        // And the outbox goes on.
        try await waits {
          platform.engine.bell.ring()
          return try await platform.engine.operator.overview().overdue.outboxRows == 0
        }
        hanging.open()
      }
    }
  }
}
