import Leasing
import Units

/// What a lease has at most one open invoice for (part of a uniqueness key).
public enum InvoiceSlot: Hashable, Sendable {
  case purchase
  /// At least 1.
  case renewal(periods: Int64)
  /// - Parameter amount: more than nothing. Each amount is an invoice of its own.
  case topUp(amount: Millisatoshi)
  /// - Parameter offer: the offer that is changed to.
  case change(offer: String)

  /// What ``description`` says; `nil` for what it never does.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let rest = parts.dropFirst().first.map { String($0) }
    switch (parts.first.flatMap { Settlement.Purpose.Name(rawValue: String($0)) }, rest) {
    case (.purchase, nil): self = .purchase
    case (.renewal, let rest?):
      guard let periods = Int64(rest) else { return nil }
      self = .renewal(periods: periods)
    case (.topUp, let rest?):
      guard let amount = Int64(rest), amount > 0 else { return nil }
      self = .topUp(amount: Millisatoshi(amount))
    case (.change, let rest?): self = .change(offer: rest)
    case (.purchase, .some), (.renewal, nil), (.topUp, nil), (.change, nil), (nil, _): return nil
    }
  }
}

extension InvoiceSlot: CustomStringConvertible {
  /// As the invoice's row has it: `purchase`, `renewal:1`, `top_up:<msat>`, `change:<offer>`.
  public var description: String {
    switch self {
    case .purchase: Settlement.Purpose.Name.purchase.rawValue
    case .renewal(let periods): "\(Settlement.Purpose.Name.renewal.rawValue):\(periods)"
    case .topUp(let amount): "\(Settlement.Purpose.Name.topUp.rawValue):\(amount.count)"
    case .change(let offer): "\(Settlement.Purpose.Name.change.rawValue):\(offer)"
    }
  }
}
