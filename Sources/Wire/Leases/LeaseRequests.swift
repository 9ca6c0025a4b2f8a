/// `POST /v1/leases`.
public struct RentRequest: Hashable, Sendable, Codable {
  public var offer: String
  public var periods: Int64?
  /// A name or digest; compute only.
  public var image: String?
  /// Empty: the image's own.
  public var command: [String]?
  public var env: [String: String]?
  public var ports: [Int]?
  public var sshKey: String?
  /// A disk lease to attach.
  public var disk: String?

  public init(
    offer: String, periods: Int64? = nil, image: String? = nil, command: [String]? = nil, env: [String: String]? = nil,
    ports: [Int]? = nil, sshKey: String? = nil, disk: String? = nil
  ) {
    self.offer = offer
    self.periods = periods
    self.image = image
    self.command = command
    self.env = env
    self.ports = ports
    self.sshKey = sshKey
    self.disk = disk
  }

  private enum CodingKeys: String, CodingKey {
    case offer
    case periods
    case image
    case command
    case env
    case ports
    case sshKey = "ssh_key"
    case disk
  }
}

/// `POST /v1/leases/{lease}/renewals`.
public struct RenewRequest: Hashable, Sendable, Codable {
  public var periods: Int64?

  public init(
    periods: Int64? = nil
  ) {
    self.periods = periods
  }

  private enum CodingKeys: String, CodingKey {
    case periods
  }
}

/// `POST /v1/leases/{lease}/changes`.
public struct ChangeRequest: Hashable, Sendable, Codable {
  public var offer: String

  public init(
    offer: String
  ) {
    self.offer = offer
  }

  private enum CodingKeys: String, CodingKey {
    case offer
  }
}

/// `POST /v1/leases/{lease}/refund`.
public struct RefundRequest: Hashable, Sendable, Codable {
  /// BOLT 11, with an amount.
  public var invoice: String

  public init(
    invoice: String
  ) {
    self.invoice = invoice
  }

  private enum CodingKeys: String, CodingKey {
    case invoice
  }
}

/// `POST /v1/leases/{lease}/credentials`.
public struct NarrowRequest: Hashable, Sendable, Codable {
  /// To be added; each narrows.
  public var caveats: [String]

  public init(
    caveats: [String]
  ) {
    self.caveats = caveats
  }

  private enum CodingKeys: String, CodingKey {
    case caveats
  }
}

/// `POST /v1/leases/{lease}/exec`.
public struct ExecRequest: Hashable, Sendable, Codable {
  public var command: [String]
  public var env: [String: String]?
  public var stdinBase64: String?
  public var timeoutSeconds: Int64?

  public init(
    command: [String], env: [String: String]? = nil, stdinBase64: String? = nil, timeoutSeconds: Int64? = nil
  ) {
    self.command = command
    self.env = env
    self.stdinBase64 = stdinBase64
    self.timeoutSeconds = timeoutSeconds
  }

  private enum CodingKeys: String, CodingKey {
    case command
    case env
    case stdinBase64 = "stdin_base64"
    case timeoutSeconds = "timeout_seconds"
  }
}

/// `POST /dev/pay`.
public struct PayRequest: Hashable, Sendable, Codable {
  /// One of the embedded node's own.
  public var invoice: String

  public init(
    invoice: String
  ) {
    self.invoice = invoice
  }

  private enum CodingKeys: String, CodingKey {
    case invoice
  }
}

/// `POST /admin/v1/leases/{lease}/evict`. Without `until` an eviction is called off.
public struct EvictRequest: Hashable, Sendable, Codable {
  @Nullable public var until: Timestamp?

  public init(
    until: Timestamp? = nil
  ) {
    self.until = until
  }

  private enum CodingKeys: String, CodingKey {
    case until
  }
}

/// `POST /admin/v1/leases/{lease}/protect`.
public struct ProtectRequest: Hashable, Sendable, Codable {
  public var protected: Bool

  public init(
    protected: Bool
  ) {
    self.protected = protected
  }

  private enum CodingKeys: String, CodingKey {
    case protected
  }
}
