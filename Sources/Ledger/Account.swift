/// A place where money can be, in the provider's books.
///
/// Every account is read the same way: what was credited less what was debited. `node` therefore falls when money
/// comes in (it is the provider's claim on the Lightning node, seen from the books), everything else rises; the sum
/// over all accounts is zero, always.
public enum Account: Hashable, Sendable, CustomStringConvertible {
  /// The Lightning node: debited when an invoice of ours settles, credited when a payout leaves.
  case node
  /// What is held for a lease. Negative is debt.
  case lease(LeaseID)
  /// Earned by time.
  case revenueTime
  /// Earned by metered usage.
  case revenueUsage
  /// What the provider owes the renter of a lease: returned balance, overpayment, late money.
  case credit(LeaseID)
  /// On its way out, by the payment hash of the renter's invoice (64 lowercase hex digits).
  case payout(paymentHash: String)
  /// Credit of one lease on its way to another, by the move's id (64 lowercase hex digits). Holds nothing between steps.
  case move(String)
  /// Routing fees of payouts.
  case fees
  /// What the provider gives renters for outages, out of what was earned.
  case compensation
  /// Debt nobody will pay, usage found too late, credit nobody fetched within a year.
  case writeoff

  public var description: String {
    switch self {
    case .node: "node"
    case .lease(let id): "lease:\(id)"
    case .revenueTime: "revenue:time"
    case .revenueUsage: "revenue:usage"
    case .credit(let id): "credit:\(id)"
    case .payout(let hash): "payout:\(hash)"
    case .move(let id): "move:\(id)"
    case .fees: "fees"
    case .compensation: "compensation"
    case .writeoff: "writeoff"
    }
  }

  public init?(_ text: String) {
    func suffix(_ prefix: String) -> Substring? {
      text.hasPrefix(prefix) ? text.dropFirst(prefix.utf8.count) : nil
    }
    switch text {
    case "node": self = .node
    case "revenue:time": self = .revenueTime
    case "revenue:usage": self = .revenueUsage
    case "fees": self = .fees
    case "compensation": self = .compensation
    case "writeoff": self = .writeoff
    default:
      if let id = suffix("lease:").flatMap({ LeaseID($0) }) {
        self = .lease(id)
      } else if let id = suffix("credit:").flatMap({ LeaseID($0) }) {
        self = .credit(id)
      } else if let hash = suffix("payout:"), hash.utf8.count == 64, hash.utf8.allSatisfy(Self.isHex) {
        self = .payout(paymentHash: String(hash))
      } else if let id = suffix("move:"), id.utf8.count == 64, id.utf8.allSatisfy(Self.isHex) {
        self = .move(String(id))
      } else {
        return nil
      }
    }
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
