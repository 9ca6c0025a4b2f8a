import L402
import Macaroons

enum AuthorizationProperties {
  /// Signatures of all that is genuine. The third party's caveat is sealed with a fresh nonce each time, so those of
  /// the corpus are told by what is in front of it.
  private static let signatures = Set(Shop.genuine.map(\.macaroon.signature))

  static func check(_ input: [UInt8]) {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    if let shown = presented(lines, .refused) {
      precondition(shown.preimage != nil, "an absent preimage is read only where it is asked for")
      precondition(presented(lines, .isClaim) == shown)
    }
    if let shown = presented(lines, .isClaim) {
      precondition(presented([shown.authorization], .isClaim) == shown, "what is written is read")
      _ = shown.outline
      verify(shown)
    }
    if let line = lines.first {
      _ = read { () throws(CredentialRefusal) in try PresentedCredential.parse(metadata: line) }
    }
  }

  private static func presented(
    _ lines: [String], _ empty: PresentedCredential.EmptyPreimage
  ) -> PresentedCredential? {
    let shown = read { () throws(CredentialRefusal) in
      try PresentedCredential.parse(authorization: lines, emptyPreimage: empty)
    }
    return shown ?? nil
  }

  private static func verify(_ shown: PresentedCredential) {
    let verified = read { () throws(CredentialRefusal) in
      try shown.verified(by: Shop.keyring, at: Shop.now) { _ in false }
    }
    guard let verified else { return }
    precondition(verified.hasThirdParty || signatures.contains(verified.macaroon.signature), "a forgery is genuine")
    precondition(verified.capabilities.isSubset(of: [.read, .write, .pay]) && verified.lease == Shop.lease)
  }
}
