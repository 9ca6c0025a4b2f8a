import Engine
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Macaroons
import Testing
import Units
import Wire

@testable import HTTPAPI

/// Contacts as renters name them over HTTP.
@Suite struct ContactRouteTests {
  private static func with(_ body: @escaping @Sendable (Door) async throws -> Void) async throws {
    try await Bench.with(messengers: [PaperMessenger(channel: .webhook), PaperMessenger(channel: .email)]) { bench in
      try await bench.live(body)
    }
  }

  @Test func contactsAreNamedShownMaskedAndTakenAway() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let here = "/v1/leases/\(lease.id)/contacts"
      let made = try await door.ask(.post, here, #"{"webhook":"https://a.example/x"}"#, authorization: owner)
      #expect(made.status == 201, "\(made.text)")
      #expect(made.headers[.cacheControl] == "no-store")
      let contact = try made.document(ContactDocument.self)
      #expect(contact.channel == "webhook" && contact.confirmed && contact.secret?.hasPrefix("whsec_") == true)
      let list = try await door.ask(.get, here, authorization: owner).document(ListDocument<ContactDocument>.self)
      #expect(list.items.count == 1 && list.items[0].secret == nil && list.items[0].to == "https…")
      #expect(try await door.ask(.delete, "\(here)/\(contact.contact)", authorization: owner).status == 204)
      #expect(
        try await door.ask(.get, here, authorization: owner).document(ListDocument<ContactDocument>.self).items.isEmpty)
      for number in 1...5 {
        let json = #"{"webhook":"https://\#(number).example/"}"#
        #expect(try await door.ask(.post, here, json, authorization: owner).status == 201)
      }
      let sixth = try await door.ask(.post, here, #"{"webhook":"https://6.example/"}"#, authorization: owner)
      #expect(sixth.status == 409)
      #expect(try sixth.problem.code == "too-many-contacts")
    }
  }

  @Test(arguments: [
    "{}", #"{"webhook":"https://a.example/","email":"a@b.example"}"#, #"{"nostr":"npub1"}"#, #"{"webhook":"nowhere"}"#,
    #"{"webhook":"https://a.example/","relays":["wss://a.example"]}"#, #"{"webhook":7}"#,
  ])
  func whatIsNoContactIsRefused(_ json: String) async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let answer = try await door.ask(.post, "/v1/leases/\(lease.id)/contacts", json, authorization: owner)
      #expect((400..<500).contains(answer.status), "\(answer.text)")
    }
  }

  @Test func aPurchaseNamesContactsBeforeItIsPaidFor() async throws {
    try await Self.with { door in
      let refused = try await door.ask(.post, "/v1/leases", #"{"offer":"disk","contacts":[{"webhook":"nowhere"}]}"#)
      #expect((400..<500).contains(refused.status) && refused.status != 402)
      let (lease, owner) = try await door.rent(#"{"offer":"disk","contacts":[{"webhook":"https://a.example/x"}]}"#)
      let contact = try #require(lease.contacts?.first)
      #expect(contact.secret?.hasPrefix("whsec_") == true)
      let list = try await door.ask(.get, "/v1/leases/\(lease.id)/contacts", authorization: owner)
        .document(ListDocument<ContactDocument>.self)
      #expect(list.items.map(\.contact) == [contact.contact])
    }
  }

  /// A mail's link: looked at by anybody's scanner, acted on by a button.
  @Test func anAddressOfEmailIsAskedFirst() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let here = "/v1/leases/\(lease.id)/contacts"
      let made = try await door.ask(.post, here, #"{"email":"ann@a.example"}"#, authorization: owner)
        .document(ContactDocument.self)
      #expect(!made.confirmed && made.secret == nil)
      let token = try #require(TokenID(hex: made.contact))
      let code = try door.bench.keyring.code(ofContact: token)
      let page = try await door.ask(.get, "/n/\(code)")
      #expect(page.status == 200 && page.text.contains("/n/\(code)/confirm"))
      #expect(page.headers[.referrerPolicy] == "no-referrer")
      func confirmed() async throws -> Bool? {
        try await door.ask(.get, here, authorization: owner).document(ListDocument<ContactDocument>.self)
          .items.first?.confirmed
      }
      #expect(try await confirmed() == false)
      #expect(try await door.ask(.post, "/n/\(code)/confirm").status == 200)
      #expect(try await confirmed() == true)
      // With one click, which has a body that says so.
      #expect(try await door.ask(.post, "/n/\(code)/end").status == 200)
      #expect(try await confirmed() == nil)
      for wrong in [code, String(repeating: "0", count: 26), "x"] {
        #expect(try await door.ask(.get, "/n/\(wrong)").status == 404)
        #expect(try await door.ask(.post, "/n/\(wrong)/confirm").status == 404)
      }
    }
  }

  @Test func nobodyIsAskedWithoutEnd() async throws {
    try await Self.with { door in
      let (lease, owner) = try await door.rent()
      let (other, second) = try await door.rent(#"{"offer":"disk","periods":2}"#)
      var statuses: [Int] = []
      for (id, shown) in [(lease.id, owner), (other.id, second), (lease.id, owner), (other.id, second)] {
        let here = "/v1/leases/\(id)/contacts"
        let answer = try await door.ask(.post, here, #"{"email":"victim@a.example"}"#, authorization: shown)
        statuses.append(answer.status)
        guard answer.status == 201 else { continue }
        let contact = try answer.document(ContactDocument.self).contact
        #expect(try await door.ask(.delete, "\(here)/\(contact)", authorization: shown).status == 204)
      }
      #expect(statuses == [201, 201, 201, 429])
    }
  }

  @Test func theProviderSeesWhatNeverArrivedAndSendsItAgain() async throws {
    try await Self.with { door in
      let provider = "Bearer \(Bench.adminToken)"
      let listed = try await door.ask(.get, "/admin/v1/notices", authorization: provider)
      #expect(try listed.document(ListDocument<DeadLetterItem>.self).items.isEmpty)
      let again = try await door.ask(
        .post, "/admin/v1/notices/retry", #"{"reason":"it is mended"}"#, authorization: provider)
      #expect(try again.document(RetriedDocument.self).retried == 0)
      let bad = try await door.ask(.post, "/admin/v1/notices/retry", #"{"reason":""}"#, authorization: provider)
      #expect(bad.status == 422)
      let metrics = try await door.ask(.get, "/metrics", authorization: provider).text
      #expect(metrics.contains("leasehold_dead_letters 0") && metrics.contains("leasehold_deliveries_total"))
    }
  }
}

/// Takes whatever it is given.
struct PaperMessenger: Messenger {
  var channel: ContactRecord.Channel
  var asksFirst: Bool { channel == .email }

  func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace {
    guard wish.address.contains(".") else { throw ContactFault("expected a full stop") }
    return ContactPlace(address: wish.address)
  }
  func masked(_ place: ContactPlace) -> String { place.address.prefix(5) + "…" }
  func site(of place: ContactPlace) -> String { place.address }
  func deliver(_ message: Message, to place: ContactPlace, signedWith key: Bytes32) async throws(DeliveryFault) {}
}
