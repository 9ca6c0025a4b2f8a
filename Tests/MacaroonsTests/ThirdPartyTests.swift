import Testing

@testable import Macaroons

@Suite struct ThirdPartyTests {
  private let key = MacaroonKey(rootKey: Array("of the service".utf8))
  private let primary: Macaroon
  private let discharge: Macaroon

  init() {
    primary = Macaroon(location: "svc", identifier: Array("id".utf8), key: key)
      .adding(["before=1"]).adding(thirdParty: id("login"), location: "auth", rootKey: root("login"))
      .adding(["after=1"])
    discharge = Macaroon.discharge(of: id("login"), rootKey: root("login"))
  }

  @Test func aBoundDischargeIsEnough() throws {
    try primary.verify(key, discharges: [discharge.bound(to: primary)])
    let demanding = Macaroon.discharge(of: id("login"), rootKey: root("login"), caveats: [Array("user = bob".utf8)])
    try primary.verify(key, discharges: [demanding.bound(to: primary)])
    // The third party may add caveats until it is bound.
    try primary.verify(key, discharges: [discharge.adding(["x=1"]).bound(to: primary)])
  }

  @Test func everyNonceIsFresh() {
    let again = Macaroon(location: "svc", identifier: Array("id".utf8), key: key)
    let sealed = (0..<2).map { _ in
      Array(again.adding(thirdParty: id("x"), location: "", rootKey: [1]).caveats)[0].verification.map(Array.init)
    }
    #expect(sealed[0]?.count == SealedKey.count && sealed[0] != sealed[1])
  }

  @Test func reasons() throws {
    let bound = discharge.bound(to: primary)
    let other = Macaroon.discharge(of: id("other"), rootKey: root("other")).bound(to: primary)
    let stolen = primary.adding(["more=1"])
    let impostor = Macaroon.discharge(of: id("login"), rootKey: root("guessed")).bound(to: primary)
    expect(.forged, of: primary.signed(.zero), [bound])
    expect(.undischarged, of: primary, [])
    expect(.undischarged, of: primary, [other])
    expect(.dischargeForged, of: primary, [impostor])
    expect(.dischargeUnbound, of: primary, [discharge])
    // Bound to the macaroon it came from, and shown with one that was narrowed (or stolen) later.
    expect(.dischargeForged, of: stolen, [bound])
    expect(.dischargeForged, of: primary, [bound.bound(to: primary)])
    expect(.dischargeForged, of: primary, [bound.adding(["user = root"])])
    expect(.dischargeUnused, of: primary, [bound, other])
    expect(.dischargeRepeated, of: primary, [bound, bound])
    let many = (0...Macaroon.maximumDischarges).map { Macaroon.discharge(of: id("\($0)"), rootKey: [1]) }
    expect(.tooManyDischarges, of: primary, many)
    // A macaroon without third-party caveats has no use for any.
    let plain = Macaroon(location: "", identifier: [1], key: key)
    expect(.dischargeUnused, of: plain, [discharge.bound(to: plain)])
  }

  @Test func aKeyThatIsNotSealedHere() throws {
    let wrong = SealedKey.seal(.random(), under: .random(), nonce: Array(repeating: 0, count: 24))
    for verification in [wrong, [], Array(wrong.dropLast()), wrong + [0]] {
      let broken = Macaroon(location: "", identifier: [1], key: key)
        .appending(identifier: id("login"), location: "", verification: verification)
      expect(.sealedKey, of: broken, [discharge.bound(to: broken)])
    }
  }

  @Test func oneDischargeForTwoCaveats() {
    let twice = primary.adding(thirdParty: id("login"), location: "auth", rootKey: root("login"))
    expect(.dischargeRepeated, of: twice, [discharge.bound(to: twice)])
  }

  /// All are bound to the first macaroon.
  @Test func dischargesAskForDischarges() throws {
    let chain = (0..<Macaroon.maximumDepth + 1).map { link in
      let bare = Macaroon.discharge(of: id("\(link)"), rootKey: root("\(link)"))
      return bare.adding(thirdParty: id("\(link + 1)"), location: "", rootKey: root("\(link + 1)"))
    }
    let first = Macaroon(location: "", identifier: [1], key: key)
      .adding(thirdParty: id("0"), location: "", rootKey: root("0"))
    func shown(_ depth: Int) -> [Macaroon] {
      let last = Macaroon.discharge(of: id("\(depth - 1)"), rootKey: root("\(depth - 1)"))
      return (chain.prefix(depth - 1) + [last]).map { $0.bound(to: first) }
    }
    for depth in 1...Macaroon.maximumDepth {
      try first.verify(key, discharges: shown(depth))
      try first.verify(key, discharges: shown(depth).reversed())
    }
    expect(.tooDeep, of: first, shown(Macaroon.maximumDepth + 1))
    expect(.undischarged, of: first, [chain[0].bound(to: first)])
    let toEachOther = [chain[0].bound(to: first), chain[1].bound(to: chain[0])]
    expect(.dischargeForged, of: first, toEachOther)
  }

  @Test func aCycleEnds() {
    let first = Macaroon(location: "", identifier: [1], key: key)
      .adding(thirdParty: id("a"), location: "", rootKey: root("a"))
    let own = Macaroon.discharge(of: id("a"), rootKey: root("a"))
      .adding(thirdParty: id("a"), location: "", rootKey: root("a"))
    expect(.dischargeCycle, of: first, [own.bound(to: first)])
    let a = Macaroon.discharge(of: id("a"), rootKey: root("a"))
      .adding(thirdParty: id("b"), location: "", rootKey: root("b"))
    let b = Macaroon.discharge(of: id("b"), rootKey: root("b"))
      .adding(thirdParty: id("a"), location: "", rootKey: root("a"))
    expect(.dischargeCycle, of: first, [a.bound(to: first), b.bound(to: first)])
  }

  @Test func everyBitFlipIsRefused() throws {
    let bound = discharge.bound(to: primary)
    for index in bound.wire.indices {
      for bit in 0..<8 {
        var wire = bound.wire
        wire[index] ^= 1 << bit
        guard let flipped = try? Macaroon(v2: wire) else { continue }
        #expect(throws: VerificationFault.self, "byte \(index), bit \(bit)") {
          try primary.verify(key, discharges: [flipped])
        }
      }
    }
  }

  @Test func reasonsAreDistinct() {
    let faults: [VerificationFault] = [
      .forged, .undischarged, .sealedKey, .dischargeForged, .dischargeUnbound, .dischargeUnused, .dischargeRepeated,
      .dischargeCycle, .tooManyDischarges, .tooDeep,
    ]
    #expect(Set(faults.map(\.reason)).count == faults.count)
  }

  private func expect(
    _ fault: VerificationFault, of macaroon: Macaroon, _ discharges: [Macaroon],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(throws: fault, sourceLocation: sourceLocation) { try macaroon.verify(key, discharges: discharges) }
  }
}

private func id(_ name: String) -> [UInt8] { Array("check \(name)".utf8) }
private func root(_ name: String) -> [UInt8] { Array("the root key for \(name)".utf8) }
