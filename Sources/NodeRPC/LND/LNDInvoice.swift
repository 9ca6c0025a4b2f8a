import Units

/// An invoice as LND's REST shows it.
public struct LNDInvoice: Hashable, Sendable, Decodable {
  public enum State: String, Hashable, Sendable, Decodable {
    case open = "OPEN"
    case accepted = "ACCEPTED"
    case settled = "SETTLED"
    case canceled = "CANCELED"
  }

  public var paymentHash: [UInt8]
  /// Known once it is settled; from the start where the node made the invoice's preimage or was given it.
  public var preimage: [UInt8]?
  public var bolt11: String
  public var memo: String
  public var amount: Millisatoshi
  public var received: Millisatoshi
  public var state: State
  public var createdAt: Instant
  public var expiry: Seconds
  public var settledAt: Instant
  public var addIndex: Int64
  /// Counts the node's settlements, from 1; 0 for what is not settled.
  public var settleIndex: Int64
  /// The lowest height at which one of the parts that are held would time out.
  public var expiryHeight: Int64?
  /// What the parts that are held come to.
  public var held: Millisatoshi

  private enum Key: String, CodingKey {
    case rHash, rPreimage, paymentRequest, memo, valueMsat, amtPaidMsat, state, creationDate, expiry
    case settleDate, addIndex, settleIndex, htlcs
  }

  private struct HTLC: Decodable {
    var amtMsat: Number64
    var expiryHeight: Int64
    var state: String
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    func number(_ key: Key) throws -> Int64 { try container.decode(Number64.self, forKey: key).value }
    paymentHash = try container.decode(Base64Hash.self, forKey: .rHash).bytes
    let preimage = try container.decodeIfPresent(String.self, forKey: .rPreimage) ?? ""
    // Of a hold invoice that is not settled it is left empty.
    self.preimage = preimage.isEmpty ? nil : try container.decode(Base64Hash.self, forKey: .rPreimage).bytes
    bolt11 = try container.decode(String.self, forKey: .paymentRequest)
    memo = try container.decode(String.self, forKey: .memo)
    amount = Millisatoshi(try number(.valueMsat))
    received = Millisatoshi(try number(.amtPaidMsat))
    state = try container.decode(State.self, forKey: .state)
    createdAt = Instant(unixSeconds: try number(.creationDate))
    expiry = Seconds(try number(.expiry))
    settledAt = Instant(unixSeconds: try number(.settleDate))
    addIndex = try number(.addIndex)
    settleIndex = try number(.settleIndex)
    let htlcs = try container.decodeIfPresent([HTLC].self, forKey: .htlcs) ?? []
    let accepted = htlcs.filter { $0.state == "ACCEPTED" }
    expiryHeight = accepted.map(\.expiryHeight).min()
    var held = Millisatoshi.zero
    for part in accepted {
      guard part.amtMsat.value >= 0, let sum = held.addingReportingOverflow(Millisatoshi(part.amtMsat.value)) else {
        throw DecodingError.dataCorruptedError(
          forKey: .htlcs, in: container, debugDescription: "parts that come to more than there is")
      }
      held = sum
    }
    self.held = held
  }
}

extension LNDInvoice {
  /// A row of a list or a stream of all invoices. A payment that came without an invoice (a spontaneous AMP) stands there
  /// too, and has no payment hash.
  struct Row: Decodable, Sendable {
    var invoice: LNDInvoice?

    init(from decoder: any Decoder) throws {
      let hash = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .rHash)
      invoice = hash.isEmpty ? nil : try LNDInvoice(from: decoder)
    }
  }
}
