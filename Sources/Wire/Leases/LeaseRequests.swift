/// `POST /v1/leases`.
public struct RentRequest: Hashable, Sendable, SnakeCased {
  public var offer: String
  public var periods: Int64?
  /// A name or digest; compute only.
  public var image: String?
  /// Empty: the image's own.
  public var command: [String]?
  public var env: [String: String]?
  /// Ports of the container, at most sixteen: numbers, or with who may come to them.
  public var ports: [PortDocument]?
  public var sshKey: String?
  /// A disk lease to mount at `/disk` in the container. The disk's own credential is shown with the first request: in
  /// `Authorization`, or in ``diskCredential``.
  public var disk: String?
  /// When the command ends: `never` (as if it were absent), `on-failure` or `always` it is started again. Compute only.
  public var restart: String?
  /// What the lease may spend; absent: whatever is used.
  public var limits: LimitsRequest?
  /// `L402 <macaroon>:<preimage>` of the disk. Not part of what is asked for: a repetition may leave it out.
  public var diskCredential: String?
  /// The ticket of a waitlist's entry, whose place is wanted. Not part of what is asked for.
  public var waitlist: String?
  /// An address of the lease is wanted as well. Not part of what is asked for.
  public var address: Bool?
  /// Where the renter wants to be told what will happen; at most five. Not part of what is asked for.
  public var contacts: [ContactRequest]?

  public init(
    offer: String, periods: Int64? = nil, image: String? = nil, command: [String]? = nil, env: [String: String]? = nil,
    ports: [PortDocument]? = nil, sshKey: String? = nil, disk: String? = nil, restart: String? = nil,
    limits: LimitsRequest? = nil, diskCredential: String? = nil, waitlist: String? = nil, address: Bool? = nil,
    contacts: [ContactRequest]? = nil
  ) {
    self.offer = offer
    self.periods = periods
    self.image = image
    self.command = command
    self.env = env
    self.ports = ports
    self.sshKey = sshKey
    self.disk = disk
    self.restart = restart
    self.limits = limits
    self.diskCredential = diskCredential
    self.waitlist = waitlist
    self.address = address
    self.contacts = contacts
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
}

/// `POST /v1/leases/{lease}/changes`.
public struct ChangeRequest: Hashable, Sendable, Codable {
  public var offer: String

  public init(
    offer: String
  ) {
    self.offer = offer
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
}

/// `POST /v1/leases/{lease}/credentials`.
public struct NarrowRequest: Hashable, Sendable, Codable {
  /// To be added; each narrows. May be absent where a password is asked for.
  public var caveats: [String]?
  /// A user name and password are wanted as well, for clients that can give nothing else.
  public var password: Bool?

  public init(caveats: [String]? = nil, password: Bool? = nil) {
    self.caveats = caveats
    self.password = password
  }
}

/// `POST /v1/leases/{lease}/exec`.
public struct ExecRequest: Hashable, Sendable, SnakeCased {
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
}

/// `POST /admin/v1/leases/{lease}/evict`. Without `until` an eviction is called off.
public struct EvictRequest: Hashable, Sendable, Codable {
  @Nullable public var until: Timestamp?
  /// Why, for the renter: 1 to 500 characters.
  public var reason: String?

  public init(
    until: Timestamp? = nil, reason: String? = nil
  ) {
    self.until = until
    self.reason = reason
  }
}

/// `POST /admin/v1/leases/{lease}/freeze` and `…/suspend`.
public struct OperatorRequest: Hashable, Sendable, Codable {
  /// Why, for the renter: 1 to 500 characters.
  public var reason: String?

  public init(
    reason: String? = nil
  ) {
    self.reason = reason
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
}
