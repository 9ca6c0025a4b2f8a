import Client
import Testing
import Units
import Wire

@testable import leasehold

@Suite struct RenderingTests {
  @Test func numbersAreForPeople() {
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

  @Test func timesSayHowFarOffTheyAre() throws {
    let now = Instant(unixSeconds: 1_000)
    #expect(Human.relative(Timestamp(now + 90), to: now) == "in 1 min 30 s")
    #expect(Human.relative(Timestamp(now - 5), to: now) == "5 s ago")
    #expect(Human.time(Timestamp(Instant(microseconds: 1_500_000))) == "1970-01-01 00:00:01 UTC")
  }

  @Test func whatEndsWithinADayIsWarnedOf() throws {
    let now = Instant(unixSeconds: 1_000_000)
    func lease(_ next: [NextAction]) -> LeaseDocument {
      LeaseDocument(
        id: "0", kind: "disk", offer: "o", state: "active",
        flags: LeaseFlags(frozen: false, protected: false, impaired: false), version: 0, generation: 0,
        createdAt: Timestamp(now), balanceMsat: nil, debtMsat: nil, creditMsat: nil,
        rate: RateDocument(priceMsat: 0, periodSeconds: 1), next: next, resources: ResourcesDocument(diskBytes: 0),
        links: [:])
    }
    let soon = NextAction(action: "renew_by", at: Timestamp(now + .hour), avoidMsat: 10_000)
    #expect(
      LeaseView.warning(lease([soon]), "photos", now: now)
        == "photos: ends in 1 h; 'leasehold renew photos' buys more time for 10 sat")
    #expect(LeaseView.warning(lease([soon]), "photos", now: now - .day) == nil)
    #expect(LeaseView.warning(lease([]), "photos", now: now) == nil)
    let quote = NextAction(action: "quote_expires", at: Timestamp(now))
    #expect(LeaseView.warning(lease([quote]), "photos", now: now) == nil)
    let evicted = NextAction(action: "evict", at: Timestamp(now + 60))
    #expect(LeaseView.warning(lease([quote, evicted]), "photos", now: now) == "photos: evicted in 1 min")
  }

  @Test func columnsAreAlignedAndControlCharactersDoNotReachTheTerminal() {
    var table = Table([("NAME", .left), ("N", .right), ("REST", .left)])
    table.add(["a", "1", "x"])
    table.add(["long\u{1b}[31m", "100", ""])
    #expect(table.text == "NAME         N  REST\na            1  x\nlong [31m  100\n")
  }

  @Test func aTableFitsTheTerminal() {
    var table = Table(
      [("LEASE", .left), ("STATE", .left), ("PRICE", .right), ("WORDS", .left)], leavingOut: ["PRICE"], ids: ["LEASE"])
    table.add(["01jdxyz0000000000000abcdef", "active", "10 sat", "something that is rather long"])
    #expect(table.text.contains("01jdxyz0000000000000abcdef  active  10 sat  something that is rather long\n"))
    for room in 34...90 {
      let lines = Table.$room.withValue(room) { table.text }.split(separator: "\n")
      #expect(lines.allSatisfy { $0.count <= room }, "\(room): \(lines)")
    }
    #expect(
      Table.$room.withValue(50) { table.text }
        == "LEASE      STATE   WORDS\n…00abcdef  active  something that is rather long\n")
    #expect(Table.$room.withValue(40) { table.text }.contains("…00abcdef  active  something that is ra…\n"))
    // Narrower than anything could be made, it is as narrow as it can be.
    #expect(Table.$room.withValue(1) { table.text }.contains("…00abcdef  active  somethin…"))
  }

  @Test func howAContainerStandsIsToldInWords() {
    #expect(Human.container(ContainerDocument(state: "running")) == "running")
    #expect(
      Human.container(ContainerDocument(state: "ended", exitCode: 137, outOfMemory: true))
        == "ended with exit code 137, out of memory; 'leasehold start' runs it again")
    #expect(
      Human.container(ContainerDocument(state: "running", restart: "always", restarts: 2))
        == "running, restarted 2 times so far")
    let due = Timestamp(Instant(unixSeconds: 1_800_000_000))
    #expect(
      Human.container(
        ContainerDocument(state: "ended", exitCode: 1, restart: "always", restarts: 1, restartsAt: due))
        == "ended with exit code 1, restarted once so far; it is started again at \(Human.time(due))")
  }

  @Test func whatWasMeteredIsToldInUnitsForPeople() {
    #expect(Human.quantity(1_536, "byte") == "1.5 KiB")
    #expect(Human.quantity(3_600 << 30, "byte_second") == "1 GiB h")
    #expect(Human.quantity(60 << 20, "byte_second") == "60 MiB s")
    #expect(Human.quantity(90_000_000, "microsecond") == "1 min 30 s")
    #expect(Human.quantity(1_234, "request") == "1,234 request")
  }

  @Test func optionsMayStandBeforeTheCommand() {
    func moved(_ typed: String...) -> [String] { GivenArguments(typed, for: LeaseholdCommand.self).arguments }
    #expect(moved("--server", "http://a", "--json", "list") == ["list", "--server", "http://a", "--json"])
    #expect(moved("--server=http://a", "token", "show", "x") == ["token", "show", "--server=http://a", "x"])
    #expect(moved("--help") == ["--help"])
    #expect(moved("--server") == ["--server"])
    #expect(moved() == [])
    #expect(moved("exec", "x", "--", "ls", "--json") == ["exec", "x", "--", "ls", "--json"])
    #expect(!GivenArguments(["exec", "x", "--", "ls", "--json"], for: LeaseholdCommand.self).isJSON)
    #expect(GivenArguments(["-q", "--json", "list"], for: LeaseholdCommand.self).isJSON)
  }

  @Test func variantsStandBesideEachOther() {
    let items = [
      VariantItem(offer: "disk", variant: "a", share: 70, quoted: 10, paid: 3, renewed: 2, revenueMsat: 5_000),
      VariantItem(offer: "disk", variant: "old", quoted: 1, paid: 0, renewed: 0, revenueMsat: 0),
    ]
    #expect(
      AdminView.variants(items)
        == "OFFER  VARIANT  SHARE  QUOTED  PAID  RENEWED  EARNED\ndisk   a          70%      10     3        2   5 sat\n"
        + "disk   old          -       1     0        0   0 sat\n")
  }

  @Test func factsThatAreNotThereAreNotTold() {
    #expect(Table.facts([("a", "1"), ("bb", nil), ("ccc", "3")]) == "a    1\nccc  3\n")
  }

  @Test func aBarShowsHowFarItIs() {
    let line = ProgressBar.line("/x", 512, 1_024, after: .seconds(1))
    #expect(line == "/x  ████████████░░░░░░░░░░░░  50%  512 B of 1 KiB  512 B/s")
    #expect(ProgressBar.line("/x", 512, nil, after: .seconds(2)) == "/x  512 B  256 B/s")
    #expect(ProgressBar.line("/x", 0, 0, after: .zero) == "/x  0 B  0 B/s")
  }
}
