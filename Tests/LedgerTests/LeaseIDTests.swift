import Ledger
import Testing

@Suite struct LeaseIDTests {
  @Test func textComesBackAsItWas() {
    for _ in 0..<2_000 {
      let id = LeaseID(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max))
      #expect(id.description.utf8.count == 26)
      #expect(LeaseID(id.description) == id)
    }
  }

  @Test func orderOfTextIsOrderOfIds() {
    for _ in 0..<2_000 {
      let a = LeaseID(high: .random(in: 0...3), low: .random(in: 0...UInt64.max))
      let b = LeaseID(high: .random(in: 0...3), low: .random(in: 0...UInt64.max))
      #expect((a < b) == (a.description < b.description))
    }
  }

  @Test func itIsAVersionSevenOfTheRightVariant() {
    let id = LeaseID(unixMilliseconds: 0x0123_4567_89AB, random: (.max, .max))
    #expect(id.high == 0x0123_4567_89AB_7FFF)
    #expect(id.low == 0xBFFF_FFFF_FFFF_FFFF)
    #expect(LeaseID(unixMilliseconds: 1, random: (.max, .max)) < LeaseID(unixMilliseconds: 2, random: (0, 0)))
  }

  @Test(arguments: [
    "", "0", "0000000000000000000000000", "000000000000000000000000000", "80000000000000000000000000",
    "0000000000000000000000000U", "0000000000000000000000000i", "0000000000000000000000000\u{0301}",
    " 0000000000000000000000000",
  ])
  func otherTextIsNoId(_ text: String) {
    #expect(LeaseID(text) == nil)
  }
}
