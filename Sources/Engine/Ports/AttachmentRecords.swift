import L402
import Ledger
import Units

/// A disk that was mounted into a container: which, where, and under which credential of the disk's.
public struct AttachmentRecord: Hashable, Sendable {
  /// Why it is over. A word in SQL and JSON too.
  public enum Ending: String, Hashable, Sendable, CaseIterable {
    /// The holder of either lease asked for it.
    case asked
    /// The credential under which it was attached was revoked, or its key's epoch retired.
    case revoked
    /// The bound of the holder who attached it has passed.
    case expired
    /// The disk is given back or taken away.
    case disk
    /// The container is.
    case container
  }

  public var container: LeaseID
  public var disk: LeaseID
  public var token: TokenID
  /// The credential allowed no writing.
  public var isReadOnly: Bool
  /// The bound of the holder who attached it; `nil` for none.
  public var validUntil: Instant?
  public var attachedAt: Instant
  /// Why it ends or has ended.
  public var ending: Ending?
  /// When the container had been seen without it.
  public var endedAt: Instant?

  public init(
    container: LeaseID, disk: LeaseID, token: TokenID, isReadOnly: Bool, validUntil: Instant?, attachedAt: Instant,
    ending: Ending? = nil, endedAt: Instant? = nil
  ) {
    self.container = container
    self.disk = disk
    self.token = token
    self.isReadOnly = isReadOnly
    self.validUntil = validUntil
    self.attachedAt = attachedAt
    self.ending = ending
    self.endedAt = endedAt
  }
}

/// An attachment and what decides whether it may be, read at one moment (a snapshot).
public struct AttachmentSnapshot: Sendable {
  public var attachment: AttachmentRecord
  public var isRevoked: Bool
  public var disk: LeaseRecord?
  public var container: LeaseRecord?

  public init(attachment: AttachmentRecord, isRevoked: Bool, disk: LeaseRecord?, container: LeaseRecord?) {
    self.attachment = attachment
    self.isRevoked = isRevoked
    self.disk = disk
    self.container = container
  }
}
