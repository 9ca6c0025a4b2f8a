import L402
import Macaroons

enum CaveatProperties {
  /// Whatever is added, in whatever order: nothing is allowed that was not allowed before, and what was refused once
  /// stays refused.
  static func check(_ input: [UInt8]) {
    var shown = Shop.genuine[0]
    var before: CredentialOutline.Claims? = claims(of: shown)
    precondition(before != nil)
    for line in input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).prefix(16) {
      let caveat = Array(line)
      var wasChecked = false
      guard let next = read({ () throws(CredentialRefusal) in try adding(caveat, to: shown) }) else {
        preconditionFailure("the identifier did not change")
      }
      if let text = String(validating: caveat, as: UTF8.self) {
        let narrowed = read { () throws(NarrowingFault) in try shown.narrowed(by: [text]) }
        if let narrowed { precondition(narrowed == next, "checked and unchecked append the same") }
        wasChecked = narrowed != nil
      }
      let outline = next.outline
      let after = read { () throws(CredentialRefusal) in try outline.claims.get() }
      if let after {
        guard let before else { preconditionFailure("what was refused is accepted with one more caveat") }
        precondition(isWithin(after, before), "a caveat widens")
      }
      precondition(after != nil || !wasChecked, "checked means that doors read it")
      _ = outline.caveats.last.map { ($0.text, $0.value) }
      shown = next
      before = after
    }
  }

  private static func adding(
    _ caveat: [UInt8], to shown: PresentedCredential
  ) throws(CredentialRefusal) -> PresentedCredential {
    try PresentedCredential(macaroon: shown.macaroon.adding(caveat), preimage: shown.preimage)
  }

  private static func claims(of shown: PresentedCredential) -> CredentialOutline.Claims? {
    let claims = shown.outline.claims
    return read { () throws(CredentialRefusal) in try claims.get() }
  }

  private static func isWithin(_ new: CredentialOutline.Claims, _ old: CredentialOutline.Claims) -> Bool {
    func bounded<Value>(_ new: Value?, _ old: Value?, _ within: (Value, Value) -> Bool) -> Bool {
      guard let old else { return true }
      return new.map { within($0, old) } ?? false
    }
    return new.tier <= old.tier && new.capabilities.isSubset(of: old.capabilities) && new.lease == old.lease
      && new.validUntil <= old.validUntil && new.mintedValidUntil == old.mintedValidUntil
      && new.mintedCapabilities == old.mintedCapabilities
      && bounded(new.variant, old.variant, ==) && bounded(new.path, old.path) { $1.contains($0) }
      && bounded(new.methods, old.methods) { Set($0).isSubset(of: $1) }
      && bounded(new.sources, old.sources) { new, old in new.allSatisfy { n in old.contains { $0.contains(n) } } }
      && bounded(new.maxMsat, old.maxMsat, <=)
  }
}
