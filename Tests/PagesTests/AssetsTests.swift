import Testing

@testable import Pages

@Suite struct AssetsTests {
  @Test func whatIsCompressedIsSmaller() throws {
    let text = Array(String(repeating: "leasehold ", count: 1_000).utf8)
    let packed = try #require(Assets.compressed(text))
    #expect(packed.count < 200)
    #expect(packed.prefix(3) == [0x1F, 0x8B, 8])
    // Two bytes only grow.
    #expect(Assets.compressed([1, 2]) == nil)
  }

  @Test func anAddressChangesWithTheContent() {
    let one = Assets([("a.js", [1])]).addresses["a_js"]
    #expect(one == Assets([("a.js", [1])]).addresses["a_js"])
    #expect(one != Assets([("a.js", [2])]).addresses["a_js"])
    #expect(one?.hasPrefix("/assets/") == true)
  }

  @Test func modulesNameOnlyEachOther() {
    let names = Set(Assets.scripts.map(\.0))
    for (name, bytes) in Assets.scripts {
      let text = String(decoding: bytes, as: UTF8.self)
      for other in text.matches(of: /from "\.\/([a-z]+\.js)"/).map({ String($0.1) }) {
        #expect(names.contains(other), "\(name) imports \(other)")
      }
      #expect(!text.contains("://"), "\(name) names another place")
      #expect(!text.contains("innerHTML ="), "\(name) writes HTML")
    }
  }
}
