import Units

/// What became of the purchases of one variant of an offer.
public struct VariantFigures: Hashable, Sendable {
  /// What was asked for when the leases were bought; what they changed to since does not matter.
  public var offer: String
  public var variant: String
  /// Its share in a hundred purchases now; `nil`: it is sold no longer.
  public var share: Int?
  /// Leases quoted, paid or not. Whoever asks again without paying is counted again.
  public var quoted: Int64
  /// Of these, how many were paid for.
  public var paid: Int64
  /// Of these, how many bought time a second time.
  public var renewed: Int64
  /// Earned with them so far: what was charged for time and usage, not what was paid ahead.
  public var revenue: Millisatoshi

  public init(
    offer: String, variant: String, share: Int? = nil, quoted: Int64 = 0, paid: Int64 = 0, renewed: Int64 = 0,
    revenue: Millisatoshi = .zero
  ) {
    self.offer = offer
    self.variant = variant
    self.share = share
    self.quoted = quoted
    self.paid = paid
    self.renewed = renewed
    self.revenue = revenue
  }
}
