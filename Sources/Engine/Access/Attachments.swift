import L402
import Leasing
import Ledger
import Units

/// Disks in containers (volume attachments), as the books have them. Whether one may be there is read each time anything
/// changes that decides it; see ``AttachmentKeeper``.
struct Attachments: Sendable {
  let store: any Store
  let clock: any WallClock
  let keys: KeyEpochs
  let credentials: Credentials

  /// What the books say of an attachment.
  enum Verdict: Hashable {
    case attached
    /// The disk does not serve now: the container is without it until it does.
    case withdrawn
    case over(AttachmentRecord.Ending)
  }

  func verdict(on snapshot: AttachmentSnapshot, at now: Instant) -> Verdict {
    let attachment = snapshot.attachment
    if let ending = attachment.ending { return .over(ending) }
    guard let container = snapshot.container?.lease, !container.isGoing else { return .over(.container) }
    guard let disk = snapshot.disk?.lease, !disk.isGoing else { return .over(.disk) }
    if snapshot.isRevoked || !keys.serves(attachment.token.epoch) { return .over(.revoked) }
    if let bound = attachment.validUntil, bound <= now { return .over(.expired) }
    return DoorView(disk).answer == .serving ? .attached : .withdrawn
  }

  // MARK: Attaching

  /// What a purchase may attach: a disk whose credential it shows. One that may not write is attached read-only.
  ///
  /// - Parameter shown: the disk's credential, where the request carries it beside `Authorization`.
  func attachable(
    _ request: LeaseRequest, diskCredential shown: String?, _ caller: Caller
  ) async throws -> (host: String, attach: @Sendable (LeaseID, Instant) -> AttachmentRecord)? {
    guard let disk = request.disk else { return nil }
    var holder = caller
    if let shown { holder.authorization = [shown] }
    let credential = try await credentials.require(.attachDisk, of: disk, holder)
    // What is mounted is reached in all of it, by every method, from inside.
    guard credential.path == nil else { throw Refusal.permission(.path) }
    guard credential.methods == nil else { throw Refusal.permission(.method) }
    guard credential.sources == nil else { throw Refusal.permission(.source) }
    let record = try await store.transaction { tx in try tx.lease(disk) }
    guard let record, record.lease.terms.kind == .disk, let placement = record.placement else {
      throw Refusal.invalidField("disk", "no such disk lease")
    }
    guard DoorView(record.lease).answer == .serving else {
      throw Refusal.invalidField("disk", "the disk is not in service")
    }
    let bound = credential.holderValidUntil.map(Instant.init(unixSeconds:))
    let isReadOnly = !credential.capabilities.contains(.write)
    let token = credential.token
    return (
      placement.host,
      { container, now in
        AttachmentRecord(
          container: container, disk: disk, token: token, isReadOnly: isReadOnly, validUntil: bound, attachedAt: now)
      }
    )
  }

  /// The disk that a container is made or woken with.
  ///
  /// - Parameter isFirst: what cannot be had then is a purchase that failed; later the container is without it.
  /// - Throws: `.unavailable` when it may not be attached any more, `.failed` while it does not serve.
  func disk(for record: LeaseRecord, isFirst: Bool) async throws(DriverError) -> AttachedDisk? {
    guard let disk = record.request.disk else { return nil }
    let attempted = "attach disk \(disk) to \(record.lease.id)"
    let snapshot: AttachmentSnapshot?
    do {
      snapshot = try await store.transaction { tx in try tx.attachment(in: record.lease.id) }
    } catch {
      throw DriverError(.failed, attempted: attempted, words: "\(error)")
    }
    // Attached before attachments were kept.
    guard let snapshot else { return AttachedDisk(lease: disk, isReadOnly: false) }
    switch verdict(on: snapshot, at: clock.now()) {
    case .attached: return AttachedDisk(lease: disk, isReadOnly: snapshot.attachment.isReadOnly)
    case .withdrawn:
      if isFirst { throw DriverError(.failed, attempted: attempted, words: "the disk does not serve now") }
    case .over(let ending):
      if isFirst { throw DriverError(.unavailable, attempted: attempted, words: "it is over: \(ending.rawValue)") }
    }
    return nil
  }

  /// The containers a disk is or was in, or the disk that is or was in a container; newest first, a thousand.
  func list(of id: LeaseID, _ caller: Caller) async throws -> [AttachmentView] {
    _ = try await credentials.require(.listAttachments, of: id, caller)
    let now = clock.now()
    return try await store.transaction { tx in try tx.attachments(of: id, limit: 1_000) }.map { snapshot in
      let state: AttachmentView.State =
        switch verdict(on: snapshot, at: now) {
        case .attached: .attached
        case .withdrawn: .withdrawn
        case .over(let ending): snapshot.attachment.endedAt == nil ? .ending(ending) : .ended(ending)
        }
      return AttachmentView(attachment: snapshot.attachment, state: state)
    }
  }

  /// Says that attachments of a lease are over: the one with `other`, or all.
  ///
  /// - Returns: the containers whose disks are to be taken from them.
  /// - Throws: ``Refusal/invalidField(_:_:)`` when there is none with `other`.
  func end(of id: LeaseID, with other: LeaseID?, _ caller: Caller) async throws -> [LeaseID] {
    _ = try await credentials.require(.endAttachments, of: id, caller)
    return try await store.transaction { tx -> [LeaseID] in
      let found = try tx.attachments(of: id, limit: 100_000).map(\.attachment).filter { attachment in
        other.map { $0 == attachment.container || $0 == attachment.disk } ?? true
      }
      if other != nil, found.isEmpty { throw Refusal.invalidField("attachment", "this lease has none with that one") }
      for attachment in found { try tx.endAttachment(of: attachment.container, .asked, at: nil) }
      return found.map(\.container)
    }
  }
}

/// An attachment as its holders see it.
public struct AttachmentView: Sendable {
  public enum State: Hashable, Sendable {
    case attached
    /// The disk does not serve now.
    case withdrawn
    case ending(AttachmentRecord.Ending)
    case ended(AttachmentRecord.Ending)
  }
  public var attachment: AttachmentRecord
  public var state: State
}
