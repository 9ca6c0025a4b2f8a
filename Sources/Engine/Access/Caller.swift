import L402

/// Who asks, as far as a door can tell (the request context).
public struct Caller: Sendable {
  /// The `Authorization` lines as they came.
  public var authorization: [String] {
    didSet { checked = nil }
  }
  /// In capitals.
  public var method: String
  /// `nil` when it is not known; credentials narrowed to addresses then do not serve.
  public var address: IPAddress?
  public var addressText: String
  public var idempotencyKey: String?
  /// Whether a user name and password may be shown here: at a door of files, over TLS or from this machine.
  public var mayShowPassword = false {
    didSet { checked = nil }
  }
  /// Where all callers of one request keep what it has shown, once that is checked; `nil`: each question checks it.
  public var checked: CheckedCredential?
  /// The address that the request came by, where it came by one.
  public var door: AddressedDoor?
  /// Asks for the lease's own wallet, which its holder named: limits count it among the holders.
  var isWallet = false
  /// For the record: which request caused what.
  public var requestID: String

  /// The same, whose credential is checked again: for who stays longer than a request.
  var afresh: Caller {
    var caller = self
    caller.checked = nil
    return caller
  }

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
