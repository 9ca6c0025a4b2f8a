/// What became of the purchases of one variant of an offer: `GET /admin/v1/variants`.
public struct VariantItem: Hashable, Sendable, SnakeCased {
  /// As it was bought; what a lease changed to since does not matter.
  public var offer: String
  public var variant: String
  /// Of a hundred purchases; `null`: it is sold no longer.
  @Nullable public var share: Int?
  /// Leases quoted, paid or not. Whoever asks again without paying is counted again.
  public var quoted: Int64
  /// Of these, how many were paid for.
  public var paid: Int64
  /// Of these, how many bought time a second time.
  public var renewed: Int64
  /// Charged for time and usage so far. What was paid ahead is not in it.
  public var revenueMsat: Int64

  public init(
    offer: String, variant: String, share: Int? = nil, quoted: Int64, paid: Int64, renewed: Int64, revenueMsat: Int64
  ) {
    self.offer = offer
    self.variant = variant
    self.share = share
    self.quoted = quoted
    self.paid = paid
    self.renewed = renewed
    self.revenueMsat = revenueMsat
  }
}
