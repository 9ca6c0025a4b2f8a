import Leasing
import Ledger
import Units

/// What a provider rents out, from its configuration. Fixed while the daemon runs.
public struct Catalog: Sendable {
  public var offers: [Offer]
  public var images: [ImageReference]
  public var hosts: [HostCapacity]
  /// The hosts of this daemon: effects on resources elsewhere are others' to do.
  var hostNames: [String] { Set(hosts.map(\.host)).sorted() }

  public init(offers: [Offer], images: [ImageReference], hosts: [HostCapacity]) {
    self.offers = offers
    self.images = images
    self.hosts = hosts
  }

  public func offer(_ id: String) -> Offer? {
    offers.first { $0.id == id }
  }

  /// By name or digest.
  public func image(_ text: String) -> ImageReference? {
    images.first { $0.name == text || $0.digest == text }
  }
}

/// What can be rented.
public struct Offer: Sendable, Hashable {
  public var id: String
  public var title: String
  public var terms: Terms
  /// Names of the images a compute offer may run; the first is the default.
  public var images: [String]
  /// Prices tried against each other; empty: everybody is asked for that of ``terms``. See ``terms(for:soldAs:)``.
  public let variants: [Variant]

  /// - Parameter variants: of different names; their shares come to a hundred.
  public init(id: String, title: String, terms: Terms, images: [String] = [], variants: [Variant] = []) {
    precondition(variants.isEmpty || Variant.fault(in: variants) == nil, "variants share out every purchase")
    self.id = id
    self.title = title
    self.terms = terms
    self.images = images
    self.variants = variants
  }
}

/// An offer and how many of it fit now.
public struct OfferAvailability: Sendable {
  public var offer: Offer
  public var available: Int64
}
