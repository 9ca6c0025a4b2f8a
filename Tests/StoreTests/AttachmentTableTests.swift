import Engine
import Ledger
import TestKit
import Testing
import Units

@Suite struct AttachmentTableTests {
  @Test func theFirstReasonStaysAndTheEndIsWrittenOnce() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        let disk = try Sample.quote(1, tx).id
        for (index, ending) in AttachmentRecord.Ending.allCases.enumerated() {
          let box = try Sample.quote(UInt64(index + 2), tx).id
          let attachment = AttachmentRecord(
            container: box, disk: disk, token: Sample.token(1), isReadOnly: index == 0,
            validUntil: index == 0 ? Sample.now + 60 : nil, attachedAt: Sample.now + Seconds(Int64(index)))
          try tx.insertAttachment(attachment)
          #expect(try tx.attachment(in: box)?.attachment == attachment)
          try tx.endAttachment(of: box, ending, at: nil)
          #expect(try tx.attachment(in: box)?.attachment.endedAt == nil)
          #expect(try tx.openAttachments(of: disk).map(\.attachment.container) == [box])
          try tx.endAttachment(of: box, .asked, at: Sample.now)
          try tx.endAttachment(of: box, .asked, at: Sample.now + 9)
          let ended = try tx.attachment(in: box)?.attachment
          #expect(ended?.ending == ending)
          #expect(ended?.endedAt == Sample.now)
          #expect(try tx.openAttachments(of: nil).isEmpty)
        }
        let all = try tx.attachments(of: disk, limit: 3)
        #expect(all.count == 3)
        #expect(all.allSatisfy { $0.disk?.lease.id == disk && !$0.isRevoked })
        #expect(try tx.attachments(of: Sample.id(3), limit: 3).count == 1)
      }
    }
  }

  @Test func aRevokedCredentialShows() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        let (disk, box) = (try Sample.quote(1, tx).id, try Sample.quote(2, tx).id)
        try tx.insertToken(
          TokenRecord(
            id: Sample.token(1), lease: disk, parent: nil, paymentHash: Sample.hash(1), capabilities: "read",
            createdAt: Sample.now))
        try tx.insertAttachment(
          AttachmentRecord(
            container: box, disk: disk, token: Sample.token(1), isReadOnly: false, validUntil: nil,
            attachedAt: Sample.now))
        #expect(try tx.attachment(in: box)?.isRevoked == false)
        _ = try tx.revoke(Sample.token(1), at: Sample.now)
        #expect(try tx.attachment(in: box)?.isRevoked == true)
      }
    }
  }
}
