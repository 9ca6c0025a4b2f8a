import Wire

/// What is asked of a wallet (NIP-47).
public enum WalletRequest: Hashable, Sendable {
  /// Pay this BOLT11 invoice. To be asked once: whether it was paid is then looked up.
  case payInvoice(String)
  /// By payment hash; hex.
  case lookupInvoice(paymentHash: String)
  /// What the grant allows.
  case getInfo

  static let kind: Int64 = 23_194

  public var method: String {
    switch self {
    case .payInvoice: "pay_invoice"
    case .lookupInvoice: "lookup_invoice"
    case .getInfo: "get_info"
    }
  }

  /// The event to be sent to the grant's relays.
  ///
  /// - Parameters:
  ///   - now: unix time in seconds.
  ///   - expiry: a wallet that reads it later does nothing; unix time in seconds.
  public func event(
    to connection: WalletConnection, at now: Int64, until expiry: Int64
  ) throws(NostrFault) -> NostrEvent {
    let params: [String: String] =
      switch self {
      case .payInvoice(let invoice): ["invoice": invoice]
      case .lookupInvoice(let hash): ["payment_hash": hash]
      case .getInfo: [:]
      }
    let content = try connection.conversation.encrypt(JSON.text(Document(method: method, params: params)))
    return NostrEvent(
      kind: Self.kind,
      tags: [["p", "\(connection.wallet)"], ["encryption", "nip44_v2"], ["expiration", "\(expiry)"]],
      content: content, createdAt: now, by: connection.secret)
  }

  private struct Document: Encodable {
    var method: String
    var params: [String: String]
  }
}

/// What a wallet says it can do: its info event (kind 13194).
public struct WalletInfo: Hashable, Sendable {
  public static let kind: Int64 = 13_194

  public let methods: Set<String>
  /// Whether it understands NIP-44. NIP-04, which is deprecated and proves nothing, is not spoken here.
  public let speaksOurEncryption: Bool

  /// - Throws: `.badEvent` unless it is this wallet's.
  public init(_ event: NostrEvent, of connection: WalletConnection) throws(NostrFault) {
    guard event.kind == Self.kind, event.author == connection.wallet, event.signature != nil else {
      throw .badEvent("not this wallet's info")
    }
    methods = Set(event.content.split(whereSeparator: \.isWhitespace).map(String.init))
    speaksOurEncryption = event.tag("encryption")?.split(separator: " ").contains("nip44_v2") ?? false
  }
}

/// What a wallet answers (kind 23195).
public enum WalletAnswer: Hashable, Sendable {
  /// Paid: the preimage, hex, is the proof, and must be hashed before it is believed.
  case paid(preimage: String)
  /// What became of a payment that was looked up.
  case found(Payment)
  /// What the grant allows.
  case methods(Set<String>)
  case refused(Refusal)

  public struct Payment: Hashable, Sendable {
    public var paymentHash: String?
    /// `pending`, `settled`, `accepted`, `expired` or `failed`; `nil`: not said.
    public var state: String?
    public var preimage: String?
  }

  public struct Refusal: Hashable, Sendable {
    public var code: Code
    /// The wallet's words: a stranger's, to be bounded and never rendered as anything but text.
    public var words: String
  }

  public enum Code: String, Hashable, Sendable, CaseIterable {
    case rateLimited = "RATE_LIMITED"
    case notImplemented = "NOT_IMPLEMENTED"
    case insufficientBalance = "INSUFFICIENT_BALANCE"
    case quotaExceeded = "QUOTA_EXCEEDED"
    case restricted = "RESTRICTED"
    case unauthorized = "UNAUTHORIZED"
    case `internal` = "INTERNAL"
    case unsupportedEncryption = "UNSUPPORTED_ENCRYPTION"
    case other = "OTHER"
    case paymentFailed = "PAYMENT_FAILED"
    case notFound = "NOT_FOUND"

    /// Whether the wallet positively says that nothing was and will be sent for the request. Everything else leaves
    /// open what became of it, and is looked up.
    public var saysThatNothingWasPaid: Bool {
      switch self {
      case .rateLimited, .notImplemented, .insufficientBalance, .quotaExceeded, .restricted, .unauthorized,
        .unsupportedEncryption:
        true
      case .internal, .other, .paymentFailed, .notFound: false
      }
    }
  }

  public static let kind: Int64 = 23_195

  /// - Parameter request: the event that it answers.
  /// - Throws: `.badEvent` or `.notForUs` unless it is this wallet's answer to this very request.
  public init(_ event: NostrEvent, to request: NostrEvent, of connection: WalletConnection) throws(NostrFault) {
    guard event.kind == Self.kind, event.author == connection.wallet, event.signature != nil else {
      throw .badEvent("not this wallet's answer")
    }
    guard event.tag("e") == request.id else { throw .badEvent("an answer to another request") }
    let text = try connection.conversation.decrypt(event.content)
    let document: Document
    do {
      document = try JSON.decode(Document.self, from: text.utf8)
    } catch {
      throw .badEvent("\(error)")
    }
    if let error = document.error {
      self = .refused(
        Refusal(code: Code(rawValue: error.code ?? "") ?? .other, words: String((error.message ?? "").prefix(200))))
      return
    }
    guard let result = document.result else { throw .badEvent("neither a result nor an error") }
    switch document.resultType {
    case "pay_invoice":
      guard let preimage = result.preimage, Hex.bytes(preimage)?.count == 32 else {
        throw .badEvent("paid, without a preimage")
      }
      self = .paid(preimage: preimage.lowercased())
    case "lookup_invoice":
      self = .found(Payment(paymentHash: result.paymentHash, state: result.state, preimage: result.preimage))
    case "get_info": self = .methods(Set(result.methods ?? []))
    default: throw .badEvent("an answer to what nobody asked")
    }
  }

  /// The wire's own names.
  private struct Document: Decodable {
    var resultType: String
    var error: Fault?
    var result: Result?

    enum CodingKeys: String, CodingKey {
      case resultType = "result_type"
      case error, result
    }

    struct Fault: Decodable {
      var code: String?
      var message: String?
    }

    struct Result: Decodable {
      var preimage: String?
      var paymentHash: String?
      var state: String?
      var methods: [String]?

      enum CodingKeys: String, CodingKey {
        case preimage
        case paymentHash = "payment_hash"
        case state, methods
      }
    }
  }
}
