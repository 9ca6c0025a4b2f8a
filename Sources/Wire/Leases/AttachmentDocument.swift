/// A disk in a container: `GET /v1/leases/{lease}/attachments`.
public struct AttachmentItem: Hashable, Sendable, SnakeCased {
  /// The disk's lease and the container's.
  public var disk: String
  public var container: String
  /// The name of the disk's credential under which it was attached.
  public var token: String
  public var readOnly: Bool
  /// `attached`; `withdrawn` (the disk does not serve now); `ending`; `ended`.
  public var state: String
  /// Why it ends or has ended: `asked`, `revoked`, `expired`, `disk`, `container`.
  @Nullable public var cause: String?
  public var attachedAt: Timestamp
  /// The bound of the holder who attached it.
  @Nullable public var validUntil: Timestamp?
  @Nullable public var endedAt: Timestamp?

  public init(
    disk: String, container: String, token: String, readOnly: Bool, state: String, cause: String? = nil,
    attachedAt: Timestamp, validUntil: Timestamp? = nil, endedAt: Timestamp? = nil
  ) {
    self.disk = disk
    self.container = container
    self.token = token
    self.readOnly = readOnly
    self.state = state
    self.cause = cause
    self.attachedAt = attachedAt
    self.validUntil = validUntil
    self.endedAt = endedAt
  }
}
