import Engine
import Leasing
import Store
import TestKit
import Testing
import Units

@Suite struct ExchangeRateTableTests {
  private static func rate(_ count: Int64, after seconds: Seconds, _ currency: Currency = .usd) -> ExchangeRate {
    let perBitcoin = FixedDecimal(hundredMillionths: count)
    guard
      let rate = ExchangeRate(
        currency, perBitcoin: perBitcoin, source: "api.example.org", readAt: Sample.now + seconds)
    else { preconditionFailure("\(count) is a rate") }
    return rate
  }

  @Test func whatIsBelievedAndDoubtedIsKept() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        #expect(try tx.lockExchangeRate(.usd) == nil)
        var believed = BelievedRate(first: Self.rate(9_712_345_000_001, after: 0))
        try tx.setExchangeRate(believed)
        #expect(try tx.lockExchangeRate(.usd) == believed)
        believed.take(Self.rate(1_000_000_000_000_000_000, after: 60), ExchangeRateLimits())
        #expect(believed.doubted != nil)
        try tx.setExchangeRate(believed)
        let euro = BelievedRate(first: Self.rate(100_000_000, after: 0, .eur))
        try tx.setExchangeRate(euro)
        #expect(try tx.exchangeRates() == [euro, believed])
        let confirmed = believed.confirm()
        #expect(confirmed)
        try tx.setExchangeRate(believed)
        #expect(try tx.exchangeRates().last == believed)
      }
    }
  }

  @Test func anInvoiceKeepsWhatItWasReckonedFrom() async throws {
    try await TestStore.with { store in
      try await store.run { tx in
        let lease = try Sample.quote(1, tx).id
        var order = Sample.order(lease)
        order.locked = LockedPrice(
          price: FixedDecimal(hundredMillionths: 499_000_000), rate: Self.rate(9_712_345_000_001, after: 7))
        guard case .reserved(let id) = try tx.reserveInvoice(order) else {
          Issue.record("not reserved")
          return
        }
        try tx.openInvoice(id: id, paymentHash: Sample.hash(1), bolt11: "lnbc1", expiresAt: order.expiresAt)
        #expect(try tx.invoice(Sample.hash(1))?.locked == order.locked)
        #expect(try tx.openInvoices(of: lease).map(\.locked) == [order.locked])
      }
      // Half of it is no record of anything.
      await #expect(throws: (any Error).self) { try await store.script("UPDATE invoice SET rate_source = NULL") }
      await #expect(throws: (any Error).self) { try await store.script("UPDATE invoice SET rate_per_bitcoin_e8 = 0") }
    }
  }
}
