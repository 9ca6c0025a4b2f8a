/// `POST /v1/leases/{lease}/addresses`.
public struct AddressRequest: Hashable, Sendable, Codable {
  /// What a challenge there may give, no more than the asker has. Absent: `read`, `write`, `exec` and `pay`.
  public var capabilities: [String]?
  /// A file or folder that it is narrowed to; disks only.
  public var path: String?

  public init(capabilities: [String]? = nil, path: String? = nil) {
    self.capabilities = capabilities
    self.path = path
  }
}

/// An address of a lease: who comes by it without a usable credential is asked to pay for more time, and given a
/// credential of at most its capabilities.
public struct AddressDocument: Hashable, Sendable, SnakeCased {
  /// Its name, by which it is revoked: 64 lowercase hex digits.
  public var token: String
  /// Where it is: a secret, told once.
  public var address: String?
  public var capabilities: [String]
  public var path: String?
  public var createdAt: Timestamp

  public init(
    token: String, address: String? = nil, capabilities: [String], path: String? = nil, createdAt: Timestamp
  ) {
    self.token = token
    self.address = address
    self.capabilities = capabilities
    self.path = path
    self.createdAt = createdAt
  }
}
