import Client
import Testing
import Units
import Wire

@testable import leasehold

@Suite struct RenderingTests {
  @Test func `numbers are for people`() {
    #expect(Human.bytes(0) == "0 B")
    #expect(Human.bytes(1_023) == "1023 B")
    #expect(Human.bytes(1_536) == "1.5 KiB")
    #expect(Human.bytes(64 << 20) == "64 MiB")
    #expect(Human.bytes(.max) == "7.9 EiB")
    #expect(Human.sats(1_234_567_000) == "1,234,567 sat")
    #expect(Human.sats(1_050) == "1.05 sat")
    #expect(Human.sats(-500) == "-0.5 sat")
    #expect(Human.span(0) == "0 s")
    #expect(Human.span(59) == "59 s")
    #expect(Human.span(60) == "1 min")
    #expect(Human.span(12_000) == "3 h 20 min")
    #expect(Human.span(90_000) == "1 d 1 h")
    #expect(Human.cores(1_500) == "1.5 cores")
    #expect(Human.cores(1_000) == "1 core")
    #expect(Human.price(10_000, per: 3_600) == "10 sat / h")
    #expect(Human.price(10_000, per: 10) == "10 sat / 10 s")
  }

  @Test func `times say how far off they are`() throws {
    let now = Instant(unixSeconds: 1_000)
    #expect(Human.relative(Timestamp(now + 90), to: now) == "in 1 min 30 s")
    #expect(Human.relative(Timestamp(now - 5), to: now) == "5 s ago")
    #expect(Human.time(Timestamp(Instant(microseconds: 1_500_000))) == "1970-01-01 00:00:01 UTC")
  }

  @Test func `columns are aligned, and control characters do not reach the terminal`() {
    var table = Table([("NAME", .left), ("N", .right), ("REST", .left)])
    table.add(["a", "1", "x"])
    table.add(["long\u{1b}[31m", "100", ""])
    #expect(table.text == "NAME         N  REST\na            1  x\nlong [31m  100\n")
  }

  @Test func `variants stand beside each other`() {
    let items = [
      VariantItem(offer: "disk", variant: "a", share: 70, quoted: 10, paid: 3, renewed: 2, revenueMsat: 5_000),
      VariantItem(offer: "disk", variant: "old", quoted: 1, paid: 0, renewed: 0, revenueMsat: 0),
    ]
    #expect(
      AdminView.variants(items)
        == "OFFER  VARIANT  SHARE  QUOTED  PAID  RENEWED  EARNED\ndisk   a          70%      10     3        2   5 sat\n"
        + "disk   old          -       1     0        0   0 sat\n")
  }

  @Test func `facts that are not there are not told`() {
    #expect(Table.facts([("a", "1"), ("bb", nil), ("ccc", "3")]) == "a    1\nccc  3\n")
  }

  @Test func `a bar shows how far it is`() {
    let line = ProgressBar.line("/x", 512, 1_024, after: .seconds(1))
    #expect(line == "/x  ████████████░░░░░░░░░░░░  50%  512 B of 1 KiB  512 B/s")
    #expect(ProgressBar.line("/x", 512, nil, after: .seconds(2)) == "/x  512 B  256 B/s")
    #expect(ProgressBar.line("/x", 0, 0, after: .zero) == "/x  0 B  0 B/s")
  }
}
