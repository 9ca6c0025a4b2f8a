import Units

/// Which wallet pays, and within what: the `wallet` of the command line's configuration file, overridden by
/// `LEASEHOLD_WALLET_…` in the environment.
public struct WalletConfiguration: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    case embedded
    case manual
    case lnd
    case cln
    case lnbits
    case phoenixd
  }

  public var kind: Kind = .embedded
  /// Of the node's REST interface.
  public var url: String?
  /// Core Lightning's `lightning-rpc`.
  public var socket: String?
  /// PEM: exactly this certificate is believed.
  public var certificateFile: String?
  public var macaroonFile: String?
  public var runeFile: String?
  public var adminKeyFile: String?
  public var passwordFile: String?
  /// The most that routing one payment may cost.
  public var maxFeeSats: Int64?
  /// The most for one payment, fee included.
  public var perPaymentSats: Int64?
  /// The most within any 24 hours.
  public var perDaySats: Int64?

  public init(kind: Kind = .embedded) {
    self.kind = kind
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decodeIfPresent(Kind.self, forKey: .kind) ?? .embedded
    url = try container.decodeIfPresent(String.self, forKey: .url)
    socket = try container.decodeIfPresent(String.self, forKey: .socket)
    certificateFile = try container.decodeIfPresent(String.self, forKey: .certificateFile)
    macaroonFile = try container.decodeIfPresent(String.self, forKey: .macaroonFile)
    runeFile = try container.decodeIfPresent(String.self, forKey: .runeFile)
    adminKeyFile = try container.decodeIfPresent(String.self, forKey: .adminKeyFile)
    passwordFile = try container.decodeIfPresent(String.self, forKey: .passwordFile)
    maxFeeSats = try container.decodeIfPresent(Int64.self, forKey: .maxFeeSats)
    perPaymentSats = try container.decodeIfPresent(Int64.self, forKey: .perPaymentSats)
    perDaySats = try container.decodeIfPresent(Int64.self, forKey: .perDaySats)
  }

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case kind
    case url
    case socket
    case certificateFile = "certificate_file"
    case macaroonFile = "macaroon_file"
    case runeFile = "rune_file"
    case adminKeyFile = "admin_key_file"
    case passwordFile = "password_file"
    case maxFeeSats = "max_fee_sats"
    case perPaymentSats = "per_payment_sats"
    case perDaySats = "per_day_sats"
  }

  /// Why a wallet cannot be made of it. Never carries a secret.
  public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    /// As in the file: `macaroon_file`.
    public var field: String
    public var words: String

    init(_ field: String, _ words: String) {
      self.field = field
      self.words = words
    }

    public var description: String { "wallet: \(field) \(words)" }
  }

  static let prefix = "LEASEHOLD_WALLET_"

  /// The same with what the environment says in its place.
  public func overridden(by environment: [String: String]) throws(Fault) -> WalletConfiguration {
    func said(_ key: CodingKeys) -> String? {
      environment[Self.prefix + key.rawValue.uppercased()].flatMap { $0.isEmpty ? nil : $0 }
    }
    func number(_ key: CodingKeys, _ otherwise: Int64?) throws(Fault) -> Int64? {
      guard let text = said(key) else { return otherwise }
      guard let number = Int64(text) else { throw Fault(key.rawValue, "is no number of satoshis") }
      return number
    }
    var changed = self
    if let text = said(.kind) ?? environment["LEASEHOLD_WALLET"].flatMap({ $0.isEmpty ? nil : $0 }) {
      guard let kind = Kind(rawValue: text) else {
        throw Fault("kind", "is one of \(Kind.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      changed.kind = kind
    }
    changed.url = said(.url) ?? url
    changed.socket = said(.socket) ?? socket
    changed.certificateFile = said(.certificateFile) ?? certificateFile
    changed.macaroonFile = said(.macaroonFile) ?? macaroonFile
    changed.runeFile = said(.runeFile) ?? runeFile
    changed.adminKeyFile = said(.adminKeyFile) ?? adminKeyFile
    changed.passwordFile = said(.passwordFile) ?? passwordFile
    changed.maxFeeSats = try number(.maxFeeSats, maxFeeSats)
    changed.perPaymentSats = try number(.perPaymentSats, perPaymentSats)
    changed.perDaySats = try number(.perDaySats, perDaySats)
    return changed
  }

  /// - Throws: ``Fault`` for an amount that is none.
  public func check() throws(Fault) {
    let bounds: [(CodingKeys, Int64?)] = [
      (.maxFeeSats, maxFeeSats), (.perPaymentSats, perPaymentSats), (.perDaySats, perDaySats),
    ]
    for (key, sats) in bounds {
      if let sats, !(0...2_100_000_000_000_000).contains(sats) {
        throw Fault(key.rawValue, "is no number of satoshis")
      }
    }
  }

  /// The budget it sets; without bounds where it says nothing.
  public var budget: Budget {
    Budget(
      perPayment: perPaymentSats.map { Millisatoshi(satoshis: $0) },
      perDay: perDaySats.map { Millisatoshi(satoshis: $0) })
  }

  public var maxFee: Millisatoshi? { maxFeeSats.map { Millisatoshi(satoshis: $0) } }
}
