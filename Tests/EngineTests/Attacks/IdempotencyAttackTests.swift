import Engine
import L402
import Ledger
import Testing
import Units

/// The road of a key: whoever guesses somebody's idempotency key has guessed nothing.
@Suite struct IdempotencyAttackTests {
  private static let key = "0123456789abcdefghijkl"

  @Test func aGuessedKeyFromElsewhereIsAnotherQuote() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      let stranger = Renter(platform, address: "198.51.100.9")
      let quote = try await owner.quote(key: Self.key)
      let guessed = try await stranger.quote(key: Self.key)
      #expect(guessed.lease != quote.lease)
      #expect(guessed.challenge.invoice != quote.challenge.invoice)
      // After the payment the key opens nothing at all, wherever it comes from.
      let credential = try await owner.pay(quote)
      _ = try await platform.engine.rent(
        Renter.request, body: Array("disk/1".utf8), owner.caller(credential, key: Self.key)
      ).bought
      #expect(
        await refusal {
          try await platform.engine.rent(Renter.request, body: Array("disk/1".utf8), owner.caller(key: Self.key))
        } == "401 credential-required")
      // With a credential of one's own and somebody's key there is a quote, and no lease of his.
      let other = try await stranger.buy()
      let mixed = try await stranger.demand {
        try await platform.engine.rent(
          Renter.request, body: Array("disk/1".utf8), stranger.caller(other.credential, key: Self.key + "x"))
      }
      #expect(mixed.lease != quote.lease)
      #expect(mixed.lease != other.id)
    }
  }

  @Test func keysAreLongAndBoundToTheirBody() async throws {
    try await Platform.with { platform in
      let owner = Renter(platform)
      for short in ["k", String(repeating: "k", count: 21)] {
        #expect(await refusal { try await owner.quote(key: short) } == "invalid-field Idempotency-Key")
      }
      let quote = try await owner.quote(key: Self.key)
      #expect(await refusal { try await owner.quote("big", key: Self.key) } == "idempotency-conflict")
      #expect(try await owner.quote(key: Self.key).challenge == quote.challenge)
    }
  }
}
