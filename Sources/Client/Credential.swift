import L402
import Macaroons

/// A macaroon, the discharges it may need, and the preimage that completes it: a bearer secret. Nothing prints it; ask
/// for ``authorization`` where it must be written.
public struct Credential: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let macaroon: Macaroon
  /// Bound to the macaroon.
  public let discharges: [Macaroon]
  public let preimage: Preimage

  /// - Returns: `nil` when the preimage does not belong to the macaroon's payment hash, or the macaroon is not an L402's.
  public init?(macaroon: Macaroon, discharges: [Macaroon] = [], preimage: Preimage) {
    guard let identifier = Identifier(macaroon.identifier), identifier.paymentHash == preimage.paymentHash
    else { return nil }
    self.macaroon = macaroon
    self.discharges = discharges
    self.preimage = preimage
  }

  /// Reads what ``authorization`` writes, with or without the scheme: `<base64>[,<base64>…]:<hex>`.
  public init?(_ text: String) {
    guard let shown = PresentedCredential(text), let preimage = shown.preimage else { return nil }
    self.init(macaroon: shown.macaroon, discharges: shown.discharges, preimage: preimage)
  }

  /// The value of the `Authorization` line.
  public var authorization: String {
    let macaroons = ([macaroon] + discharges).map { Base64.encode($0.wire) }.joined(separator: ",")
    return "L402 \(macaroons):\(preimage.hex)"
  }

  public var paymentHash: PaymentHash { preimage.paymentHash }

  /// Tells it from every other without giving it away: a hash of the macaroon.
  var fingerprint: String { macaroon.wire.withUnsafeBytes { Bytes32.sha256($0) }.hex }

  /// The lease it is for, in its own words; the server decides.
  public var lease: String? { macaroon.value(of: .lease) }

  /// What it may be used for; empty when it does not say.
  public var capabilities: Capabilities {
    macaroon.value(of: .capabilities).flatMap { Capabilities(list: $0) } ?? []
  }

  /// When it expires by its own words, in seconds since 1970.
  public var validUntil: Int64? { macaroon.value(of: .validUntil).flatMap { Int64($0) } }

  /// Never the credential.
  public var description: String { "Credential(of lease \(lease ?? "unknown"))" }

  /// Empty: reflection shows no secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension PresentedCredential {
  /// Reads a credential as people pass it on: with or without its scheme, and without the preimage that its holder kept
  /// back (`<base64>` or `<base64>:`).
  public init?(_ text: String) {
    var line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if line.lowercased().hasPrefix("authorization:") {
      line = String(line.dropFirst("authorization:".count).drop { $0 == " " })
    }
    if !["l402 ", "lsat "].contains(where: { line.lowercased().hasPrefix($0) }) { line = "L402 " + line }
    if !line.contains(":") { line += ":" }
    do throws(CredentialRefusal) {
      guard let shown = try PresentedCredential.parse(authorization: [line], emptyPreimage: .isClaim) else {
        return nil
      }
      self = shown
    } catch {
      return nil
    }
  }
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
