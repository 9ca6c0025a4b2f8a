import Units

/// An invoice as `listinvoices` and `waitanyinvoice` show it.
public struct CLNInvoice: Hashable, Sendable, Decodable {
  public enum Status: Hashable, Sendable {
    case unpaid
    case expired
    case paid(Payment)
  }

  public struct Payment: Hashable, Sendable {
    /// Counts the node's settlements, from 1.
    public var index: Int64
    public var received: Millisatoshi
    public var at: Instant
    public var preimage: [UInt8]
  }

  public var label: String
  public var paymentHash: [UInt8]
  public var bolt11: String
  /// `nil` for an invoice over any amount: none of ours.
  public var amount: Millisatoshi?
  public var status: Status

  private enum Key: String, CodingKey {
    case label, paymentHash, bolt11, bolt12, amountMsat, status, payIndex, amountReceivedMsat, paidAt
    case paymentPreimage
  }
  private enum Word: String, Decodable { case unpaid, paid, expired }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    label = try container.decode(String.self, forKey: .label)
    paymentHash = try container.decode(Hex32.self, forKey: .paymentHash).bytes
    // Invoices of offers have no BOLT 11; they are somebody else's.
    bolt11 = try container.decodeIfPresent(String.self, forKey: .bolt11) ?? ""
    amount = try container.decodeIfPresent(CLNAmount.self, forKey: .amountMsat).map { Millisatoshi($0.count) }
    switch try container.decode(Word.self, forKey: .status) {
    case .unpaid: status = .unpaid
    case .expired: status = .expired
    case .paid:
      status = .paid(
        Payment(
          index: try container.decode(Int64.self, forKey: .payIndex),
          received: Millisatoshi(try container.decode(CLNAmount.self, forKey: .amountReceivedMsat).count),
          at: Instant(unixSeconds: try container.decode(Int64.self, forKey: .paidAt)),
          preimage: try container.decode(Hex32.self, forKey: .paymentPreimage).bytes))
    }
  }
}

/// An amount in millisatoshis: a number, and in old versions text with the unit behind it, `"123000msat"`.
struct CLNAmount: Hashable, Sendable, Decodable {
  var count: Int64

  init(_ count: Int64) {
    self.count = count
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let text = try? container.decode(String.self) else {  // Not text: then it is a number or an error.
      count = try container.decode(Int64.self)
      return
    }
    guard text.hasSuffix("msat"), let count = Int64(text.dropLast(4)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected an amount")
    }
    self.count = count
  }
}
