import Ledger
import Units

/// Disks that are seen in containers.
public protocol AttachmentRows: AnyObject {
  func insertAttachment(_ attachment: AttachmentRecord) throws
  func attachment(in container: LeaseID) throws -> AttachmentSnapshot?
  /// Those a lease has part in, ended ones too, newest first.
  func attachments(of lease: LeaseID, limit: Int) throws -> [AttachmentSnapshot]
  /// Those that have not ended: of a disk, or all.
  func openAttachments(of disk: LeaseID?) throws -> [AttachmentSnapshot]
  /// Says why it ends (the first reason stays), and when it had; notifies ``StoreChange/event(_:)``.
  func endAttachment(of container: LeaseID, _ ending: AttachmentRecord.Ending, at now: Instant?) throws
}
