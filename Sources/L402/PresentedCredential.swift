import Macaroons

/// A credential as somebody shows it: read, not checked. The only way on is
/// ``verified(by:at:isRevoked:)``.
public struct PresentedCredential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let macaroon: Macaroon
  /// The macaroons that came after the first: discharges of its third-party caveats.
  public let discharges: [Macaroon]
  /// Nil only for a claim.
  public let preimage: Preimage?
  /// What the macaroon says it is. Not to be believed yet, but good for a look-up.
  public let identifier: Identifier

  /// - Throws: ``CredentialRefusal/malformed`` when the macaroon's identifier is not one of L402 version 0.
  public init(macaroon: Macaroon, discharges: [Macaroon] = [], preimage: Preimage?) throws(CredentialRefusal) {
    guard let identifier = Identifier(macaroon.identifier) else { throw .malformed }
    self.macaroon = macaroon
    self.discharges = discharges
    self.preimage = preimage
    self.identifier = identifier
  }

  init(macaroon: Macaroon, discharges: [Macaroon], preimage: Preimage?, identifier: Identifier) {
    self.macaroon = macaroon
    self.discharges = discharges
    self.preimage = preimage
    self.identifier = identifier
  }

  /// The value of an `Authorization` header that shows it.
  public var authorization: String {
    let macaroons = ([macaroon] + discharges).map { Base64.encode($0.wire) }.joined(separator: ",")
    return "L402 \(macaroons):\(preimage?.hex ?? "")"
  }

  /// The token's name only, never the secret.
  public var description: String { "PresentedCredential(\(identifier.token))" }

  /// Empty: reflection does not show the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
