import Leasing
import Testing
import Units

@testable import Engine
@testable import Pages

/// What people read of an offer, and that nothing of what a provider or a stranger writes is HTML.
@Suite struct ShopTests {
  let templates: Templates

  init() throws { templates = try Templates(words: try Words(Words.table)) }

  private var terms: Terms {
    Terms(
      offer: "box", kind: .compute,
      resources: Resources(disk: ByteCount(1 << 30), cpuMillis: 500, memory: ByteCount(128 << 20), pids: 16),
      period: 3_600, price: 1_234_500_000, policy: .standard(period: 3_600), maxPeriods: 24)
  }

  private func shown(_ offer: Offer, left: Int64 = 3, _ code: String = "en") -> String {
    let words = templates.words.language(code)
    let view = OfferView(OfferAvailability(offer: offer, available: left), words)
    return templates.page("shop", ["page": "shop", "offers": [view.model], "hasOffers": true], words)
  }

  @Test func anOfferSaysWhatItIsAndCosts() {
    let offer = Offer(id: "box", title: "<script>alert(1)</script>", terms: terms, images: ["a"])
    let page = shown(offer)
    #expect(page.contains("0.5 cores, 128 MiB of memory, 1 GiB of disk"))
    #expect(page.contains("<b>1\u{202F}234\u{202F}500</b> sat <span>per hour</span>"))
    #expect(page.contains("3 free"))
    #expect(page.contains(#"href="/rent/box""#))
    #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.contains("<script>alert"))
    #expect(shown(offer, "de").contains("0,5 Kerne, 128 MiB Arbeitsspeicher, 1 GiB Speicher"))
  }

  @Test func whatIsFullCannotBeRented() {
    let page = shown(Offer(id: "box", title: "Box", terms: terms), left: 0)
    #expect(page.contains("0 free"))
    #expect(!page.contains("/rent/box"))
  }

  @Test func severalPricesAreAtMostOne() {
    let offer = Offer(
      id: "box", title: "Box", terms: terms,
      variants: [.init(name: "steady", share: 60, price: 10_000), .init(name: "cheap", share: 40, price: 7_000)])
    #expect(shown(offer).contains("<span>at most</span> <b>10</b> sat"))
  }

  @Test func aPriceInDollarsSaysBoth() throws {
    var terms = terms
    terms.fiat = FiatPrice(.usd, price: try FixedDecimal("4.99"))
    #expect(shown(Offer(id: "box", title: "Box", terms: terms)).contains("no exchange rate just now"))
    let rate = ExchangeRate(
      .usd, perBitcoin: try FixedDecimal("97123.45"), source: "test", readAt: Instant(unixSeconds: 0))
    terms.fiat?.rate = rate
    terms.price = 5_137_792
    let page = shown(Offer(id: "box", title: "Box", terms: terms))
    #expect(page.contains("<b>4.99 USD</b> <span>5\u{202F}138 sat</span> <span>per hour</span>"))
  }
}
