import Foundation
import Leasing
import Testing
import Units

/// The outbox keeps effects from one release to the next.
@Suite struct EffectTests {
  static let stored: [(Effect, String)] = [
    (.provision(generation: 1), #"{"provision":{"generation":1}}"#),
    (.suspend(generation: 2), #"{"suspend":{"generation":2}}"#),
    (.resume(generation: 3), #"{"resume":{"generation":3}}"#),
    (.resize(generation: 4), #"{"resize":{"generation":4}}"#),
    (.closeMeters(generation: 5), #"{"closeMeters":{"generation":5}}"#),
    (.destroy(generation: 6), #"{"destroy":{"generation":6}}"#),
    (.cancelInvoices, #"{"cancelInvoices":{}}"#),
    (.cancelQuote, #"{"cancelQuote":{}}"#),
    (.settle(paymentHash: "h"), #"{"settle":{"paymentHash":"h"}}"#),
    (.payout(paymentHash: "h"), #"{"payout":{"paymentHash":"h"}}"#),
  ]

  @Test(arguments: stored)
  func isStoredUnderTheNameOfItsAct(_ effect: Effect, _ text: String) throws {
    #expect(String(decoding: try JSONEncoder().encode(effect), as: UTF8.self) == text)
    #expect(try JSONDecoder().decode(Effect.self, from: Data(text.utf8)) == effect)
  }

  @Test func aNoticeIsStoredWhole() throws {
    let effect = Effect.notice(Notice(kind: .renewalHalf, deadline: .start, amount: 7))
    let data = try JSONEncoder().encode(effect)
    #expect(String(decoding: data, as: UTF8.self).hasPrefix(#"{"notice":{"_0":{"#))
    #expect(try JSONDecoder().decode(Effect.self, from: data) == effect)
  }

  @Test(arguments: [#"{}"#, #"{"payout":{"paymentHash":"h"},"settle":{"paymentHash":"h"}}"#, #"{"dance":{}}"#])
  func whatHasNotOneNameIsNone(_ text: String) {
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Effect.self, from: Data(text.utf8)) }
  }
}
