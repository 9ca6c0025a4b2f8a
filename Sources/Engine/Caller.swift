import L402

/// Who asks, as far as a door can tell.
public struct Caller: Sendable {
  /// The `Authorization` lines as they came.
  public var authorization: [String]
  /// In capitals.
  public var method: String
  /// `nil` when it is not known; credentials narrowed to addresses then do not serve.
  public var address: IPAddress?
  public var addressText: String
  public var idempotencyKey: String?
  /// For the record: which request caused what.
  public var requestID: String

  /// Who shares limits: an address of IPv4, a /48 of IPv6.
  public var party: String { address?.partyText ?? addressText }

  public init(
    authorization: [String], method: String, address: IPAddress?, addressText: String, idempotencyKey: String? = nil,
    requestID: String
  ) {
    self.authorization = authorization
    self.method = method
    self.address = address
    self.addressText = addressText
    self.idempotencyKey = idempotencyKey
    self.requestID = requestID
  }
}
