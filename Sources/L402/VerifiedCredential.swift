import Macaroons

/// A genuine credential: its chain, its preimage and its caveats have been checked, and it is not revoked. Only
/// ``PresentedCredential/verified(by:at:isRevoked:)`` makes one. It may have expired: see ``expiry``.
public struct VerifiedCredential: Sendable, CustomStringConvertible, CustomReflectable {
  /// Whether time has run out on it.
  public enum Expiry: Hashable, Sendable {
    /// Neither bound has passed.
    case current
    /// Only the minted bound has passed: still genuine, and swapped free of charge when the lease is paid up.
    case stale
    /// The holder's own bound has passed: neither a payment nor a swap can help.
    case narrowed
  }

  public let macaroon: Macaroon
  /// What discharged its third-party caveats.
  public let discharges: [Macaroon]
  public let token: TokenID
  public let paymentHash: PaymentHash
  /// The proof that it was paid, a secret; `nil` of one that a password stands for.
  public let preimage: Preimage?
  /// As of the moment it was checked.
  public let expiry: Expiry
  let terms: Terms

  init(_ presented: PresentedCredential, terms: Terms, at now: Int64) {
    let identifier = presented.identifier
    macaroon = presented.macaroon
    discharges = presented.discharges
    token = identifier.token
    paymentHash = identifier.paymentHash
    preimage = presented.preimage
    self.terms = terms
    if let bound = terms.holderValidUntil, bound <= now {
      expiry = .narrowed
    } else if terms.mintedValidUntil <= now {
      expiry = .stale
    } else {
      expiry = .current
    }
  }

  /// The lease's id, as text.
  public var lease: String { terms.lease }

  /// Compares without making a string.
  public func isFor(lease: String) -> Bool { terms.bounds.lease?.elementsEqual(lease.utf8) ?? false }

  /// The variant of its offer that it is good for; nil for any.
  ///
  /// A condition, not a proof: anybody can add one where none was minted. What a lease *was* sold as stands with the
  /// lease; ask ``isFor(variant:)``.
  public var variant: String? { terms.variant }

  /// Whether it is good for a lease that was sold as `variant`, or as none: true unless it names another.
  public func isFor(variant: String?) -> Bool { terms.bounds.variant?.elementsEqual((variant ?? "").utf8) ?? true }

  /// The tier of the service that was bought.
  public var tier: Int { terms.bounds.tier ?? 0 }

  /// What the credential may be used for: the last list in the chain.
  public var capabilities: Capabilities { terms.bounds.capabilities ?? [] }

  /// What it was minted with, before any narrowing.
  public var mintedCapabilities: Capabilities { terms.mintedCapabilities }

  /// The minted bound, in seconds since 1970.
  public var mintedValidUntil: Int64 { terms.mintedValidUntil }

  /// The holder's own bound or that of a discharge, in seconds since 1970, where there is one.
  public var holderValidUntil: Int64? { terms.holderValidUntil }

  /// The earlier of the two bounds: an open stream ends here.
  public var validUntil: Int64 { min(terms.mintedValidUntil, terms.holderValidUntil ?? .max) }

  /// The file or folder it is narrowed to.
  public var path: ResourcePath? { terms.bounds.path }

  /// The methods it is narrowed to.
  public var methods: [String]? { terms.bounds.methods }

  /// The addresses it is narrowed to.
  public var sources: [AddressRange]? { terms.bounds.sources }

  /// The bound on one invoice, in millisatoshi.
  public var maxMsat: Int64? { terms.bounds.maxMsat }

  /// The ports of the container it is narrowed to.
  public var ports: [UInt16]? { terms.bounds.ports }

  /// Whether somebody else's word was needed as well. Such a credential is not minted anew.
  public var hasThirdParty: Bool { macaroon.hasThirdPartyCaveats }

  /// Every caveat after those that were minted, as it stands in the macaroon.
  public var holderCaveats: [Caveat] {
    Array(macaroon.caveats.dropFirst(Condition.mintedCount + (terms.mintedVariant == nil ? 0 : 1)))
  }

  /// Whether its holder was given less than was minted. A preimage kept among the caveats takes nothing away.
  public var isNarrowed: Bool {
    holderCaveats.contains { $0.isThirdParty || Condition.read(Array($0.identifier)) != .preimage }
  }

  /// The token's name only, never the secret.
  public var description: String { "VerifiedCredential(\(token))" }

  /// Empty: reflection does not show the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
