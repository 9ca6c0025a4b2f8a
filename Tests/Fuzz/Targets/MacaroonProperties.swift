import Macaroons

enum MacaroonProperties {
  static func check(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    if let macaroon = read({ () throws(MacaroonFault) in try Macaroon(v2: input) }) {
      precondition(macaroon.wire == input, "V2 is kept as it came")
      hold(macaroon)
    }
    if let macaroon = read({ () throws(MacaroonFault) in try Macaroon(v1: input) }) { hold(macaroon) }
    if let macaroon = read({ () throws(MacaroonFault) in try Macaroon(json: input) }) { hold(macaroon) }
    _ = read { () throws(MacaroonFault) in try Macaroon(binary: input) }
    _ = read { () throws(MacaroonFault) in try Macaroon(text: text) }
    if let bytes = Base64.decode(text) {
      let digits = text.filter { $0 != "=" }
      let standard = Base64.encode(bytes).filter { $0 != "=" }
      precondition(digits == standard || digits == Base64.encodeForURL(bytes), "one spelling in each alphabet")
    }
  }

  private static let key = MacaroonKey(rootKey: Array("of nobody".utf8))

  private static func hold(_ macaroon: Macaroon) {
    precondition(Array(macaroon.caveats).count == macaroon.caveats.count)
    let json = read { () throws(MacaroonFault) in try Macaroon(json: macaroon.json) }
    precondition(json.map { isSame($0, macaroon) } ?? false, "JSON says the same")
    precondition(json?.json == macaroon.json, "and has one spelling")
    if let v1 = read({ () throws(MacaroonFault) in try macaroon.v1() }) {
      let again = read { () throws(MacaroonFault) in try Macaroon(v1: v1) }
      precondition(again.map { isSame($0, macaroon) } ?? false, "V1 says the same")
    }
    let text = read { () throws(MacaroonFault) in try Macaroon(text: Base64.encode(macaroon.wire)) }
    precondition(text == macaroon, "base64 says the same")

    let longer = macaroon.adding(["more"]).adding(thirdParty: [1], location: "there", rootKey: [2])
    precondition(longer.caveats.count == macaroon.caveats.count + 2)
    precondition(
      read { () throws(VerificationFault) in try macaroon.verify(key, discharges: [macaroon.bound(to: macaroon)]) }
        == nil, "nothing is genuine under a key that signed nothing")
  }

  /// But for locations, which other formats say less of.
  private static func isSame(_ a: Macaroon, _ b: Macaroon) -> Bool {
    a.identifier == b.identifier && a.signature == b.signature && a.caveats.count == b.caveats.count
      && zip(a.caveats, b.caveats).allSatisfy { $0.identifier == $1.identifier && $0.verification == $1.verification }
  }
}
