import HTTPTypes
import Testing
import Units
import Wire

@testable import HTTPAPI

@Suite struct OutageCreditTests {
  @Test func anOutageIsPreviewedGivenAndListed() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let provider = "Bearer \(Bench.adminToken)"
        let now = bench.clock.now()
        let span = #""affected_since":"\#((now - 600).rfc3339)","affected_until":"\#(now.rfc3339)""#
        func ask(_ rest: String) async throws -> Door.Answer {
          try await door.ask(.post, "/admin/v1/credits", "{\(span),\(rest)}", authorization: provider)
        }
        let preview = try await ask(#""time":true,"reason":"no power","dry_run":true"#)
          .document(OutageCreditItem.self)
        #expect(preview.label == "\((now - 600).rfc3339)/\(now.rfc3339)")
        #expect(preview.begunAt == nil)
        #expect(preview.leases == 0)
        let given = try await ask(#""time":true,"reason":"no power","label":"power""#)
          .document(OutageCreditItem.self)
        #expect(given.finishedAt != nil)
        #expect(given.overlapping == [])
        let again = try await ask(#""time":true,"reason":"no power","label":"power","dry_run":true"#)
          .document(OutageCreditItem.self)
        #expect(again.finishedAt != nil)
        #expect(try await ask(#""reason":"no power""#).status == 422)
        #expect(try await ask(#""time":true,"msat":5,"reason":"no power""#).status == 422)
        #expect(try await ask(#""time":true"#).status == 422)
        let taken = try await ask(#""msat":5,"reason":"no power","label":"power""#)
        #expect(taken.status == 409)
        #expect(try taken.document(ProblemDocument.self).code == "label-taken")
        let list = try await door.ask(.get, "/admin/v1/credits", authorization: provider)
          .document(ListDocument<OutageCreditItem>.self)
        #expect(list.items.map(\.label) == ["power"])
        #expect(list.items.first?.overlapping == nil)
      }
    }
  }
}
