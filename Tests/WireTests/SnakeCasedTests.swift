import Testing

@testable import Wire

/// Fields are named once, by their properties.
@Suite struct SnakeCasedTests {
  private struct Inner: Hashable, SnakeCased {
    var tookMsat: Int64
  }

  private struct Said: Hashable, SnakeCased {
    var paidUntil: String?
    @Nullable var lastSeenAt: Int64?
    var byName: [String: Inner]
    var all: [Inner]
    var id: Int64
  }

  private struct Kept: Hashable, Codable {
    var idempotencyKey: String
  }

  @Test func namesAreTranslatedAndWordsOfOthersAreNot() throws {
    let said = Said(
      paidUntil: "now", lastSeenAt: nil, byName: ["myOwnName": Inner(tookMsat: 1)], all: [Inner(tookMsat: 2)], id: 3)
    let text =
      #"{"paid_until":"now","last_seen_at":null,"by_name":{"myOwnName":{"took_msat":1}},"all":[{"took_msat":2}],"id":3}"#
    #expect(JSON.text(said) == text)
    #expect(try JSON.decode(Said.self, from: text.utf8, unknownFields: .refused) == said)
  }

  @Test func whoDoesNotSaySoKeepsItsNames() throws {
    #expect(JSON.text(Kept(idempotencyKey: "x")) == #"{"idempotencyKey":"x"}"#)
    #expect(try JSON.decode(Kept.self, from: #"{"idempotencyKey":"x"}"#.utf8).idempotencyKey == "x")
  }

  @Test func faultsNameTheFieldAsItWasSent() throws {
    let missing = #"{"by_name":{},"all":[{}],"id":3}"#
    #expect(throws: JSONFault.field("all.0.took_msat", "is missing")) {
      try JSON.decode(Said.self, from: missing.utf8)
    }
    let unknown = #"{"paidUntil":"now","by_name":{},"all":[],"id":3}"#
    #expect(throws: JSONFault.field("paidUntil", "is not a field here")) {
      try JSON.decode(Said.self, from: unknown.utf8, unknownFields: .refused)
    }
  }
}
