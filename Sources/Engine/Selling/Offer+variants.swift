import Leasing
import Ledger
import Macaroons
import Units

extension Offer {
  /// One of several prices that an offer is tried at. What is rented is the same.
  public struct Variant: Sendable, Hashable {
    /// Stands in credentials: 1 to 63 of a-z, 0-9 and -.
    public var name: String
    /// How many of a hundred purchases, 1 to 100.
    public var share: Int
    public var price: Millisatoshi
    public var deposit: Millisatoshi

    public init(name: String, share: Int, price: Millisatoshi, deposit: Millisatoshi = .zero) {
      self.name = name
      self.share = share
      self.price = price
      self.deposit = deposit
    }
  }

  /// The terms for a lease, at the price of the variant that falls to it.
  ///
  /// A lease that was sold as a variant stays with that name where this offer has it. Otherwise its id decides, by the
  /// stated shares and by nothing else: the same for a request that is repeated, for every daemon with this
  /// configuration, and for a lease that changes away and comes back. Another offer's shares fall independently.
  public func terms(for lease: LeaseID, soldAs name: String? = nil) -> Terms {
    guard !variants.isEmpty else { return terms }
    if let name, let own = variants.first(where: { $0.name == name }) { return terms(of: own) }
    let place = Self.place(of: lease, in: id)
    var end = 0
    for variant in variants {
      end += variant.share
      if place < end { return terms(of: variant) }
    }
    preconditionFailure("shares come to a hundred")
  }

  /// A number below a hundred that looks like chance and is none.
  private static func place(of lease: LeaseID, in offer: String) -> Int {
    let seed = Array("leasehold-variant-v1/\(offer)/\(lease)".utf8)
    let word = seed.withUnsafeBytes { Bytes32.sha256($0) }.array.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Int(word.multipliedFullWidth(by: 100).high)
  }

  private func terms(of variant: Variant) -> Terms {
    var terms = terms
    terms.variant = variant.name
    terms.price = variant.price
    terms.deposit = variant.deposit
    return terms
  }

  /// What may be agreed with somebody who buys now.
  var sold: [Terms] { variants.isEmpty ? [terms] : variants.map(terms(of:)) }

  /// The most that a period can cost: what is listed, so that nobody's quote is above what he was told.
  public var highestPrice: Millisatoshi { sold.map(\.price).max() ?? terms.price }

  public var highestDeposit: Millisatoshi { sold.map(\.deposit).max() ?? terms.deposit }

  /// Whether somebody may be asked for less than the highest.
  public var isTriedAtSeveralPrices: Bool { Set(sold.map { [$0.price, $0.deposit] }).count > 1 }
}

extension Offer.Variant {
  /// Why variants cannot stand side by side.
  public enum Fault: Hashable, Sendable {
    /// The variant of this number has no name, or one that another has.
    case name(Int)
    /// Its share is not 1 to 100.
    case share(Int)
    /// The shares come to this, not to a hundred.
    case sum(Int)
  }

  /// The first thing that is wrong; `nil`: every purchase falls to one of them. No variants share out nothing.
  public static func fault(in variants: [Offer.Variant]) -> Fault? {
    func isName(_ name: String) -> Bool {
      (1...63).contains(name.utf8.count)
        && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
    var names: Set<String> = []
    for (number, variant) in variants.enumerated() {
      guard isName(variant.name), names.insert(variant.name).inserted else { return .name(number) }
      guard (1...100).contains(variant.share) else { return .share(number) }
    }
    let sum = variants.reduce(0) { $0 + $1.share }
    return sum == 100 ? nil : .sum(sum)
  }
}
