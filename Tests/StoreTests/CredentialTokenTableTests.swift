import Engine
import L402
import Ledger
import TestKit
import Testing
import Units

@Suite struct CredentialTokenTableTests {
  private func mint(_ number: UInt8, from parent: UInt8? = nil, _ lease: LeaseID, _ tx: any StoreTransaction) throws {
    try tx.insertToken(
      TokenRecord(
        id: Sample.token(number), lease: lease, parent: parent.map(Sample.token), paymentHash: Sample.hash(1),
        capabilities: "read", createdAt: Sample.now + Seconds(Int64(number))))
  }

  @Test func revokingTakesAllThatCameFromIt() async throws {
    try await TestStore.with { store in
      try await store.run { [self] tx in
        let lease = try Sample.quote(1, tx).id
        try mint(1, lease, tx)
        try mint(2, from: 1, lease, tx)
        try mint(3, from: 2, lease, tx)
        try mint(4, from: 3, lease, tx)
        try mint(5, from: 1, lease, tx)
        #expect(try tx.tokens(of: lease).map(\.id) == (1...5).map { Sample.token($0) })
        #expect(Set(try tx.revoke(Sample.token(2), at: Sample.now)) == Set([2, 3, 4].map { Sample.token($0) }))
        #expect(try tx.revoke(Sample.token(3), at: Sample.now).isEmpty)
        #expect(try tx.token(Sample.token(4))?.revokedAt == Sample.now)
        #expect(try tx.token(Sample.token(5))?.revokedAt == nil)
        #expect(try tx.revokeAll(of: lease, except: Sample.token(5), at: Sample.now) == [Sample.token(1)])
        #expect(Set(try tx.revokedTokens()) == Set([1, 2, 3, 4].map { Sample.token($0) }))
        #expect(try tx.revokeAll(of: lease, except: nil, at: Sample.now) == [Sample.token(5)])
        #expect(try tx.token(Sample.token(9)) == nil)
      }
    }
  }

  @Test func everyPurposeIsKnownToTheTable() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        let lease = try Sample.quote(1, tx).id
        for (index, purpose) in TokenRecord.Purpose.allCases.enumerated() {
          let record = TokenRecord(
            id: Sample.token(UInt8(index)), lease: lease, parent: nil, paymentHash: Sample.hash(1),
            capabilities: "read", createdAt: Sample.now, mintedFor: purpose)
          try tx.insertToken(record)
          #expect(try tx.token(record.id) == record)
          #expect(try tx.tokenCount(of: lease, for: purpose, from: nil) == 1)
          #expect(try tx.tokenCount(of: lease, for: purpose, from: Sample.token(0)) == 0)
        }
      }
    }
  }
}
