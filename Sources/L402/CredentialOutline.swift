import Macaroons

/// What a credential says of itself, read without a key, for whoever holds it. Nothing of it has been checked.
public struct CredentialOutline: Sendable, CustomStringConvertible, CustomReflectable {
  /// A third-party caveat that waits for its discharge.
  public struct Awaited: Hashable, Sendable {
    /// Tells the third party what to check; the identifier of the discharge.
    public let identifier: [UInt8]
    /// A hint where the third party lives.
    public let location: String?
  }

  /// What it allows if it is genuine: the conditions taken together.
  public struct Claims: Hashable, Sendable {
    public let tier: Int
    public let mintedCapabilities: Capabilities
    public let capabilities: Capabilities
    /// The lease's id.
    public let lease: String
    /// Seconds since 1970.
    public let mintedValidUntil: Int64
    /// The holder's own bound, or a discharge's, in seconds since 1970.
    public let holderValidUntil: Int64?
    public let variant: String?
    public let path: ResourcePath?
    public let methods: [String]?
    public let sources: [AddressRange]?
    /// The bound on one invoice, in millisatoshi.
    public let maxMsat: Int64?
    /// Of the container.
    public let ports: [UInt16]?

    /// The earlier of the two bounds.
    public var validUntil: Int64 { min(mintedValidUntil, holderValidUntil ?? .max) }

    init(_ terms: Terms) {
      tier = terms.bounds.tier ?? 0
      mintedCapabilities = terms.mintedCapabilities
      capabilities = terms.bounds.capabilities ?? []
      lease = terms.lease
      mintedValidUntil = terms.mintedValidUntil
      holderValidUntil = terms.holderValidUntil
      variant = terms.variant
      path = terms.bounds.path
      methods = terms.bounds.methods
      sources = terms.bounds.sources
      maxMsat = terms.bounds.maxMsat
      ports = terms.bounds.ports
    }
  }

  public let paymentHash: PaymentHash
  public let token: TokenID
  /// A hint where it is good.
  public let location: String?
  /// The macaroon's caveats, in order.
  public let caveats: [CaveatOutline]
  /// Each discharge's caveats, in order.
  public let discharges: [[CaveatOutline]]
  /// Third-party caveats, the discharges' own among them, for which no discharge is there.
  public let awaited: [Awaited]
  /// What it allows if it is genuine; or why every door will refuse it, genuine or not.
  public let claims: Result<Claims, CredentialRefusal>

  init(_ presented: PresentedCredential) {
    paymentHash = presented.identifier.paymentHash
    token = presented.identifier.token
    location = presented.macaroon.location.map { String(decoding: $0, as: UTF8.self) }
    caveats = CaveatOutline.all(of: presented.macaroon, isPrimary: true)
    discharges = presented.discharges.map { CaveatOutline.all(of: $0, isPrimary: false) }
    awaited = presented.awaited.map {
      Awaited(
        identifier: Array($0.identifier), location: $0.location.map { String(decoding: $0, as: UTF8.self) })
    }
    claims = Result { () throws(CredentialRefusal) in
      Claims(try Terms(reading: presented.macaroon, discharges: presented.discharges))
    }
  }

  /// The token's name only.
  public var description: String { "CredentialOutline(\(token))" }

  /// Empty: caveats may tell more than a log should know.
  public var customMirror: Mirror { Mirror(self, children: []) }
}

extension PresentedCredential {
  /// What it says of itself. Needs no key and checks nothing.
  public var outline: CredentialOutline { CredentialOutline(self) }

  /// The third-party caveats without a discharge.
  var awaited: [Caveat] {
    ([macaroon] + discharges).flatMap { macaroon in
      macaroon.caveats.filter { caveat in
        caveat.isThirdParty && !discharges.contains { $0.identifier == caveat.identifier }
      }
    }
  }
}
