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
  public let token: TokenID
  public let paymentHash: PaymentHash
  /// As of the moment it was checked.
  public let expiry: Expiry
  let terms: Terms

  init(macaroon: Macaroon, identifier: Identifier, terms: Terms, at now: Int64) {
    self.macaroon = macaroon
    token = identifier.token
    paymentHash = identifier.paymentHash
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
  public var lease: String { String(decoding: terms.lease, as: UTF8.self) }

  /// Compares without making a string.
  public func isFor(lease: String) -> Bool { terms.lease.elementsEqual(lease.utf8) }

  /// The tier of the service that was bought.
  public var tier: Int { terms.tier }

  /// What the credential may be used for: the last list in the chain.
  public var capabilities: Capabilities { terms.capabilities }

  /// What it was minted with, before any narrowing.
  public var mintedCapabilities: Capabilities { terms.mintedCapabilities }

  /// The minted bound, in seconds since 1970.
  public var mintedValidUntil: Int64 { terms.mintedValidUntil }

  /// The holder's own bound, in seconds since 1970, where there is one.
  public var holderValidUntil: Int64? { terms.holderValidUntil }

  /// The earlier of the two bounds: an open stream ends here.
  public var validUntil: Int64 { min(terms.mintedValidUntil, terms.holderValidUntil ?? .max) }

  /// The file or folder it is narrowed to.
  public var path: ResourcePath? { terms.path }

  /// The methods it is narrowed to.
  public var methods: [String]? { terms.methods }

  /// The addresses it is narrowed to.
  public var sources: [AddressRange]? { terms.sources }

  /// The bound on one invoice, in millisatoshi.
  public var maxMsat: Int64? { terms.maxMsat }

  /// Whether somebody else's word was needed as well. Such a credential is not minted anew.
  public var hasThirdParty: Bool { macaroon.hasThirdPartyCaveats }

  /// Every caveat after the minted four, as it stands in the macaroon.
  public var holderCaveats: [Caveat] { Array(macaroon.caveats.dropFirst(Condition.mintedCount)) }

  /// The token's name only, never the secret.
  public var description: String { "VerifiedCredential(\(token))" }

  /// Empty: reflection does not show the secret.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
