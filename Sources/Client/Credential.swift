import L402
import Macaroons

/// A macaroon and the preimage that completes it: a bearer secret. Nothing prints it; ask for ``authorization`` where it
/// must be written.
public struct Credential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let macaroon: Macaroon
  public let preimage: Preimage

  /// - Returns: `nil` when the preimage does not belong to the macaroon's payment hash, or the macaroon is not an L402's.
  public init?(macaroon: Macaroon, preimage: Preimage) {
    guard let identifier = Identifier(macaroon.identifier), identifier.paymentHash == preimage.paymentHash
    else { return nil }
    self.macaroon = macaroon
    self.preimage = preimage
  }

  /// Reads what ``authorization`` writes, with or without the scheme: `<base64>:<hex>`.
  public init?(_ text: String) {
    var text = text[...]
    for scheme in ["L402 ", "LSAT "] where text.uppercased().hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
    let halves = text.split(separator: ":", omittingEmptySubsequences: false)
    guard halves.count == 2, let macaroon = Macaroon(base64: String(halves[0])), let preimage = Preimage(hex: halves[1])
    else { return nil }
    self.init(macaroon: macaroon, preimage: preimage)
  }

  /// The value of the `Authorization` line.
  public var authorization: String { "L402 \(Base64.encode(macaroon.wire)):\(preimage.hex)" }

  public var paymentHash: PaymentHash { preimage.paymentHash }

  /// The lease it is for, in its own words; the server decides.
  public var lease: String? { macaroon.value(of: .lease) }

  /// What it may be used for; empty when it does not say.
  public var capabilities: Capabilities {
    macaroon.value(of: .capabilities).flatMap { Capabilities(list: $0) } ?? []
  }

  /// When it expires by its own words, in seconds since 1970.
  public var validUntil: Int64? { macaroon.value(of: .validUntil).flatMap { Int64($0) } }

  /// Narrowed by its holder's own conditions, offline. Each can only take away.
  public func narrowed(by caveats: [String]) -> Credential {
    Credential(sound: macaroon.adding(caveats), preimage)
  }

  private init(sound macaroon: Macaroon, _ preimage: Preimage) {
    self.macaroon = macaroon
    self.preimage = preimage
  }

  /// Never the credential.
  public var description: String { "Credential(of lease \(lease ?? "unknown"))" }

  /// Empty: reflection shows no secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension Macaroon {
  /// Nil for text that is no base64, and for bytes that are no macaroon.
  init?(base64 text: String) {
    guard let bytes = Base64.decode(text) else { return nil }
    do throws(MacaroonFault) { try self.init(v2: bytes) } catch { return nil }
  }

  /// The last caveat of a condition decides.
  func value(of condition: Condition) -> String? {
    let prefix = condition.caveat("")
    return caveats.compactMap(\.text).last { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}
