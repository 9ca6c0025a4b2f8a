/// The values of the *minted four*, and of the variant that may follow them.
public struct MintedCaveats: Hashable, Sendable {
  /// The tier of the service that was bought.
  public var tier: Int
  public var capabilities: Capabilities
  /// The lease's id as text.
  public var lease: String
  /// The latest moment this payment can be serving, in seconds since 1970. A ceiling: the lease in the database is
  /// the truth.
  public var validUntil: Int64

  /// For what lasts as long as its lease: the end of the year 9999.
  public static let noCeiling: Int64 = 253_402_300_799

  /// Which variant of its offer the lease was sold as: 1 to 63 letters, digits and hyphens; nil for an offer without.
  public var variant: String?

  public init(
    tier: Int = 0, capabilities: Capabilities, lease: String, validUntil: Int64, variant: String? = nil
  ) {
    self.tier = tier
    self.capabilities = capabilities
    self.lease = lease
    self.validUntil = validUntil
    self.variant = variant
  }

  /// The four caveats, in the order every credential starts with, and the variant's.
  public var caveats: [String] {
    [
      Condition.services.caveat("leasehold:\(tier)"),
      Condition.capabilities.caveat(capabilities.list),
      Condition.lease.caveat(lease),
      Condition.validUntil.caveat("\(validUntil)"),
    ] + (variant.map { [Condition.variant.caveat($0)] } ?? [])
  }
}
