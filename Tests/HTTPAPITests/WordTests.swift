import Engine
import Foundation
import Leasing
import Ledger
import Postgres
import TestKit
import Testing
import Units

@testable import HTTPAPI

/// What is a word in Swift, in SQL and in JSON is one enumeration: a case that is added must be added in all three.
@Suite struct WordTests {
  private static func words<W: CaseIterable & RawRepresentable<String>>(_: W.Type) -> Set<String> {
    Set(W.allCases.map(\.rawValue))
  }

  /// The columns that the schema holds to a list of words.
  private static let columns: [String: Set<String>] = [
    "contact.channel": words(ContactRecord.Channel.self),
    "delivery.channel": words(ContactRecord.Channel.self),
    "attachment.ending": words(AttachmentRecord.Ending.self),
    "credential_token.minted_for": words(TokenRecord.Purpose.self),
    "invoice.state": words(InvoiceRecord.State.self),
    "lease.kind": words(Kind.self),
    "lease.state": words(Lease.State.Name.self),
    "lease_event.cause_type": words(EventRecord.CauseType.self),
    "lease_event.feed_name": words(EventRecord.FeedName.self),
    "lease_event.from_state": words(Lease.State.Name.self).union([""]),
    "lease_event.to_state": words(Lease.State.Name.self),
    "ledger_transfer.cause": words(Transfer.Cause.self),
    "outbox.lane": words(Effect.Lane.self),
    "payout.state": words(PayoutRecord.State.Name.self),
    "pool.dimension": words(Resources.Dimension.self),
    "usage_window.meter": words(Meter.self),
  ]

  /// The properties that the description of the routes holds to a list of words.
  private static let properties: [String: Set<String>] = [
    "Attachment.cause": words(AttachmentRecord.Ending.self),
    "Contact.channel": words(ContactRecord.Channel.self),
    "DeadLetterItem.channel": words(ContactRecord.Channel.self),
    "WebhookMessage.kind": words(Notice.Kind.self),
    "Challenge.purpose": words(Settlement.Purpose.Name.self),
    "ExchangeRate.currency": words(Currency.self),
    "ExchangeRateItem.currency": words(Currency.self),
    "ExchangeRateItem.trouble": words(ExchangeRateTrouble.Name.self),
    "Failure.code": words(ProvisionFault.self),
    "KeyEpochItem.state": words(KeyEpochView.State.self),
    "Lease.kind": words(Kind.self),
    "Lease.state": words(Lease.State.Name.self),
    "Meter.meter": words(Meter.self),
    "NextAction.action": words(Deadline.Action.self),
    "Offer.kind": words(Kind.self),
    // One that is only reserved is shown to nobody, and one that was replaced is open to who pays it.
    "Payment.state": words(InvoiceRecord.State.self).subtracting(["reserved", "replaced"]),
    "PayoutItem.state": words(PayoutRecord.State.Name.self),
    "Policy.idle_action": words(IdlePolicy.Action.self),
    "Price.currency": words(Currency.self),
    "WaitlistEntry.state": words(WaitlistView.State.self),
    "Port.access": words(ContainerPort.Access.self),
    "Refund.state": words(PayoutRecord.State.Name.self),
  ]

  /// Words that only a document has: they are no enumeration of ours.
  private static let ofDocuments: Set<String> = [
    "AddressRequest.capabilities",
    "Attachment.state", "Container.restart", "Container.state", "ExecLine.stream",
    "Health.status", "Offer.network", "Introspection.expiry", "LNURLError.status", "LNURLPayRequest.tag",
    "Quote.scheme",
    "RentRequest.restart", "Wallet.state", "WebhookMessage.type",
  ]

  @Test func theSchemaHasTheWordsOfTheProgram() async throws {
    try await TestStore.with { store in
      let rows = try await store.pool.withConnection { connection in
        try connection.query(
          """
          SELECT c.conrelid::regclass::text, pg_get_constraintdef(c.oid)
            FROM pg_constraint c WHERE c.contype = 'c' AND c.connamespace = 'public'::regnamespace
          """
        ) { (try $0.string(0), try $0.string(1)) }
      }
      var found: [String: Set<String>] = [:]
      for (table, definition) in rows {
        guard let list = definition.wholeMatch(of: /CHECK \(\((\w+) = ANY \(ARRAY\[(.*)\]\)\)\)(?: NOT VALID)?/) else {
          continue
        }
        found["\(table).\(list.1)"] = Set(list.2.matches(of: /'(\w*)'::text/).map { String($0.1) })
      }
      #expect(
        Set(found.keys).symmetricDifference(Self.columns.keys).sorted() == [], "held to words, and not named here")
      for (column, words) in Self.columns { #expect(found[column] == words, "\(column)") }
    }
  }

  @Test func theSchemaHasTheWordsOfSlots() async throws {
    try await TestStore.with { store in
      let definitions = try await store.pool.withConnection { connection in
        try connection.query(
          "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'invoice_slot_is_known'"
        ) { try $0.string(0) }
      }
      let words = try #require(definitions.first).matches(of: /'(\w+)'::text/).map { String($0.1) }
      #expect(Set(words) == Set(Settlement.Purpose.Name.allCases.map(\.rawValue)))
    }
  }

  @Test func theDescriptionHasTheWordsOfTheProgram() throws {
    let text = OpenAPI.text(version: "1", title: "T")
    let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    let components = document?["components"] as? [String: Any]
    var found: [String: Set<String>] = [:]
    for (schema, node) in try #require(components?["schemas"] as? [String: Any]) {
      Self.collect(node, as: "", of: schema, &found)
    }
    let named = Self.ofDocuments.union(Self.properties.keys)
    #expect(Set(found.keys).symmetricDifference(named).sorted() == [], "held to words, and not named here")
    for (property, words) in Self.properties { #expect(found[property] == words, "\(property)") }
  }

  /// Every list of words in a schema, under the property that is held to it.
  private static func collect(
    _ node: Any, as name: String, of schema: String, _ found: inout [String: Set<String>]
  ) {
    if let list = node as? [Any] { return list.forEach { collect($0, as: name, of: schema, &found) } }
    guard let node = node as? [String: Any] else { return }
    if let words = node["enum"] as? [Any] { found["\(schema).\(name)"] = Set(words.compactMap { $0 as? String }) }
    for (key, value) in node where key != "enum" {
      if key == "properties", let properties = value as? [String: Any] {
        for (property, value) in properties { collect(value, as: property, of: schema, &found) }
      } else {
        collect(value, as: name, of: schema, &found)
      }
    }
  }

  /// Rows of another release are read as they stand.
  @Test func aNameOfAnEventIsReadBackWhateverItIs() {
    for name in EventRecord.Name.known { #expect(EventRecord.Name(name.word) == name) }
    #expect(Set(EventRecord.Name.known.map(\.word)).count == EventRecord.Name.known.count)
    #expect(EventRecord.Name("suspend_failed") == .other("suspend_failed"))
    #expect(EventRecord.Name.other("suspend_failed").word == "suspend_failed")
  }

  @Test func aSlotIsReadBackAsItWasWritten() {
    for slot: InvoiceSlot in [
      .purchase, .renewal(periods: 12), .topUp(amount: 21_000), .change(offer: "disk:large"), .change(offer: ""),
    ] {
      #expect(InvoiceSlot("\(slot)") == slot)
    }
    for text in [
      "", "purchase:1", "renewal", "renewal:", "renewal:x", "top_up", "top_up:", "top_up:0", "top_up:-1", "change",
      "gift:1",
    ] {
      #expect(InvoiceSlot(text) == nil, "\(text)")
    }
  }
}
