import Engine
import Leasing
import Ledger
import TestKit
import Testing
import Units

@Suite struct QuoteTableTests {
  private func host(_ disk: Int64) -> HostCapacity {
    HostCapacity(host: "a", kind: .disk, limit: Resources(disk: ByteCount(disk)), uidBase: 100_000)
  }

  private func draft(_ number: UInt64, key: String? = nil, placement: Placement? = nil, client: String = "c")
    -> QuoteDraft
  {
    let lease = Lease.quote(Sample.id(number), Sample.terms, hasCapacity: placement != nil, at: Sample.now)
    return QuoteDraft(
      lease: lease, request: LeaseRequest(offer: "disk"), placement: placement,
      event: Sample.quoted(lease.id), client: client, asked: AskedWith(bodyHash: "h\(number)", key: key),
      key: key.map {
        IdempotencyRecord(scope: "s", key: $0, bodyHash: "h\(number)", lease: lease.id, at: Sample.now)
      },
      order: Sample.order(lease.id, label: "l\(number)"))
  }

  @Test func aKeyIsUsedOnceInItsScope() async throws {
    try await TestStore.with { store in
      let drafts = [draft(1, key: "k"), draft(2, key: "m"), draft(3)]
      let ids = try await store.run { tx in try tx.insertQuotes(drafts, of: Capacity([]), unpaidShare: 1) }
      #expect(Set(ids.keys) == Set(drafts.map(\.lease.id)))
      let asked = [
        IdempotencyKey(scope: "s", key: "k"), IdempotencyKey(scope: "t", key: "k"),
        IdempotencyKey(scope: "s", key: "x"),
      ]
      let used = try await store.run { tx in
        try tx.quoteGround(
          of: ["c"], keys: asked, offers: [], countingHolds: false, alone: false, at: Instant(unixSeconds: 0)
        ).used
      }
      #expect(used == [asked[0]: try #require(drafts[0].key)])
      #expect(try await store.run { tx in try tx.askedWith(Sample.id(1)) } == AskedWith(bodyHash: "h1", key: "k"))
      #expect(try await store.run { tx in try tx.askedWith(Sample.id(3)) } == AskedWith(bodyHash: "h3", key: nil))
      #expect(try await store.run { tx in try tx.askedWith(Sample.id(9)) } == nil)
      // Of two with one key none is there in part.
      let late = draft(4, key: "k")
      #expect(
        await store.refusal { tx in try tx.insertQuotes([late], of: Capacity([]), unpaidShare: 1) } == .conflict)
      #expect(try await store.run { tx in try tx.lease(Sample.id(4)) } == nil)
      #expect(try await store.run { tx in try tx.sweep(at: Sample.now + .day * 367) } == 2)
    }
  }

  /// Capacity is read without a lock and taken last: who was overtaken writes nothing at all.
  @Test func whoIsOvertakenWritesNothing() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in try tx.setHosts([host(250)]) }
      let before = try await store.run { tx in
        try tx.quoteGround(
          of: ["c"], keys: [], offers: [], countingHolds: true, alone: false, at: Instant(unixSeconds: 0)
        ).capacity
      }
      func quote(_ number: UInt64, _ capacity: Capacity, share: Double) async throws {
        try await store.run { [self] tx in
          let place = try tx.takePlaces(on: ["a"], of: capacity)[0]
          try tx.insertQuotes([draft(number, placement: place)], of: capacity, unpaidShare: share)
        }
      }
      try await quote(1, before, share: 0.5)
      // What was read says that it would be the first, which it no longer is: 200 of 250 are over the half.
      await #expect(throws: StoreError.self) { try await quote(2, before, share: 0.5) }
      #expect(try await store.run { tx in try tx.lease(Sample.id(2)) } == nil)
      try await quote(2, before, share: 1)
      await #expect(throws: StoreError.self) { try await quote(3, before, share: 1) }
      let after = try await store.run { tx in
        try tx.quoteGround(
          of: ["c"], keys: [], offers: [], countingHolds: true, alone: true, at: Instant(unixSeconds: 0))
      }
      #expect(after.unpaidAllocations == ["c": 2])
      #expect(after.capacity.pools.first { $0.dimension == .disk }?.used == 200)
      #expect(after.capacity.pools.first { $0.dimension == .disk }?.unpaid == 200)
      #expect(try await store.run { tx in try tx.placement(of: Sample.id(2))?.uidBase } == 165_536)
      #expect(try await store.run { tx in try tx.audit().findings } == [])
    }
  }

  /// An invoice opens once, and its token is there exactly when it did.
  @Test func anInvoiceOpensWithItsToken() async throws {
    try await TestStore.with { store in
      let drafts = [draft(1), draft(2)]
      let ids = try await store.run { tx in try tx.insertQuotes(drafts, of: Capacity([]), unpaidShare: 1) }
      let openings = try drafts.enumerated().map { index, draft in
        let number = UInt8(index + 1)
        return InvoiceOpening(
          id: try #require(ids[draft.lease.id]), paymentHash: Sample.hash(number), bolt11: "b\(number)",
          expiresAt: Sample.now + 600,
          token: TokenRecord(
            id: Sample.token(number), lease: draft.lease.id, parent: nil, paymentHash: Sample.hash(number),
            capabilities: "read", createdAt: Sample.now))
      }
      try await store.run { tx in try tx.dropInvoice(id: openings[1].id) }
      #expect(try await store.run { tx in try tx.openInvoices(openings) } == [openings[0].id])
      #expect(try await store.run { tx in try tx.openInvoices(openings) } == [])
      #expect(try await store.run { tx in try tx.token(Sample.token(1)) } == openings[0].token)
      #expect(try await store.run { tx in try tx.token(Sample.token(2)) } == nil)
      #expect(try await store.run { tx in try tx.invoice(Sample.hash(1))?.state } == .open)
    }
  }
}
