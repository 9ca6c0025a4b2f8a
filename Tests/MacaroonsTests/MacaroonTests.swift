import Macaroons
import Testing

@Suite struct MacaroonTests {
  private static let key = MacaroonKey(rootKey: Array("a root key".utf8))

  private func sample(_ caveats: [String] = ["a=1", "b=2"]) -> Macaroon {
    Macaroon(location: "here", identifier: Array("id".utf8), key: MacaroonTests.key).adding(caveats)
  }

  /// No bit can be turned without the whole being refused, but those of the location, which is not signed.
  @Test func everyBitFlipIsRefused() throws {
    let macaroon = sample()
    let location = 3..<7
    var refused = 0
    for index in macaroon.wire.indices {
      for bit in 0..<8 {
        var wire = macaroon.wire
        wire[index] ^= 1 << bit
        let survives =
          (try? Macaroon(v2: wire)).map { flipped in (try? flipped.verify(MacaroonTests.key)) != nil } ?? false
        #expect(survives == location.contains(index), "byte \(index), bit \(bit)")
        refused += survives ? 0 : 1
      }
    }
    #expect(refused == (macaroon.wire.count - location.count) * 8)
  }

  @Test func everyTruncationAndExtensionIsRefused() {
    let wire = sample().wire
    for count in wire.indices {
      #expect(throws: MacaroonFault.self) { try Macaroon(v2: Array(wire[..<count])) }
    }
    #expect(throws: MacaroonFault.trailing) { try Macaroon(v2: wire + [0]) }
  }

  @Test func caveatsCannotBeTakenOutSwappedOrRepeated() throws {
    let wire = sample().wire
    // `02 03 "a=1" 00` and `02 03 "b=2" 00` after version, location, identifier and their end.
    let first = Array(wire[12..<18])
    let second = Array(wire[18..<24])
    #expect(first == [2, 3] + Array("a=1".utf8) + [0])
    for middle in [[], first, second, second + first, first + second + second] {
      let forged = try Macaroon(v2: Array(wire[..<12]) + middle + Array(wire[24...]))
      #expect(throws: VerificationFault.forged) { try forged.verify(MacaroonTests.key) }
    }
  }

  @Test func lengthsHaveOneSpelling() throws {
    let signature = [UInt8](repeating: 7, count: 32)
    let end: [UInt8] = [0, 0, 6, 32]
    _ = try Macaroon(v2: [2, 2, 1, 0x61] + end + signature)
    #expect(throws: MacaroonFault.varint) { try Macaroon(v2: [2, 2, 0x81, 0, 0x61] + end + signature) }
    #expect(throws: MacaroonFault.varint) { try Macaroon(v2: [2, 2, 0x80, 0] + end + signature) }
    _ = try Macaroon(v2: [2, 2, 0] + end + signature)
  }

  /// Go's macaroon.v2 refuses it too: a first party is here. What one library reads and another refuses is refused.
  @Test func aFirstPartyIsNowhereElse() throws {
    let signature = [UInt8](repeating: 7, count: 32)
    func wire(_ caveat: [UInt8]) -> [UInt8] { [2, 2, 1, 0x61, 0] + caveat + [0, 6, 32] + signature }
    #expect(throws: MacaroonFault.location) { try Macaroon(v2: wire([1, 1, 0x78, 2, 1, 0x62, 0])) }
    _ = try Macaroon(v2: wire([1, 0, 2, 1, 0x62, 0]))
    _ = try Macaroon(v2: wire([1, 1, 0x78, 2, 1, 0x62, 4, 1, 0x63, 0]))
    let sealed = sample().adding(thirdParty: Array("login".utf8), location: "there", rootKey: [1])
    let json = sealed.json.replacing(try Regex("\"v\":\"[^\"]*\",|\"v64\":\"[^\"]*\","), with: "")
    #expect(throws: MacaroonFault.location) { try Macaroon(json: json) }
    let v1 = "000flocation h\n0011identifier a\n000acid b\n0009cl x\n002fsignature ".utf8 + signature + [0x0a]
    #expect(throws: MacaroonFault.location) { try Macaroon(v1: Array(v1)) }
  }

  @Test func anEmptyLocationPacketIsKept() throws {
    let bare = Macaroon(location: "", identifier: Array("id".utf8), key: MacaroonTests.key)
    #expect(bare.location == nil)
    let wire = [2, 1, 0] + bare.wire.dropFirst()
    let macaroon = try Macaroon(v2: Array(wire))
    #expect(macaroon.location == [])
    #expect(macaroon.wire == Array(wire))
    try macaroon.verify(MacaroonTests.key)
    try macaroon.adding(Array("more".utf8)).verify(MacaroonTests.key)
  }

  @Test func anotherKeyRefuses() {
    #expect(throws: VerificationFault.forged) { try sample().verify(MacaroonKey(rootKey: Array("another".utf8))) }
  }

  /// What is written is read as it was, whatever it was.
  @Test func decodeAfterEncodeIsIdentity() throws {
    var random = SplitMix(state: 0x1ea5e)
    for _ in 0..<300 {
      let identifier = random.bytes(Int.random(in: 0...300, using: &random))
      let caveats = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        random.bytes(Int.random(in: 0...200, using: &random))
      }
      let key = MacaroonKey(rootKey: random.bytes(Int.random(in: 0...80, using: &random)))
      let macaroon = Macaroon(location: "x", identifier: identifier, caveats: caveats, key: key)
      let again = try Macaroon(v2: macaroon.wire)
      #expect(again == macaroon)
      #expect(Array(again.identifier) == identifier)
      #expect(again.caveats.map { Array($0.identifier) } == caveats)
      try again.verify(key)
    }
  }

  /// Reading never traps, and what it accepts it writes back.
  @Test func garbageIsRefusedOrKept() throws {
    var random = SplitMix(state: 0xbad)
    let sound = sample().wire
    for _ in 0..<20_000 {
      var wire = sound
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let index = Int.random(in: wire.indices, using: &random)
        switch UInt8.random(in: 0...2, using: &random) {
        case 0: wire[index] = UInt8.random(in: .min ... .max, using: &random)
        case 1: wire.insert(UInt8.random(in: 0...8, using: &random), at: index)
        default: wire.remove(at: index)
        }
      }
      guard let macaroon = try? Macaroon(v2: wire) else { continue }
      #expect(macaroon.wire == wire)
      #expect(macaroon.caveats.reduce(0) { count, _ in count + 1 } == macaroon.caveats.count)
    }
  }

  @Test func nothingPrintsTheSecret() {
    let macaroon = sample()
    var dumped = ""
    dump(macaroon, to: &dumped)
    for text in ["\(macaroon)", String(reflecting: macaroon), dumped, "\(MacaroonTests.key)"] {
      #expect(!text.contains("a=1"))
      #expect(!text.contains(macaroon.signature.hex))
    }
    #expect(Mirror(reflecting: macaroon).children.isEmpty)
    #expect(Mirror(reflecting: MacaroonTests.key).children.isEmpty)
  }
}
