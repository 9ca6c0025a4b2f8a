import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// Brings what the containers of this host have mounted to what the books say (a control loop). Nothing depends on an
/// order being carried out once.
public struct AttachmentKeeper: Sendable {
  let store: any Store
  let clock: any WallClock
  let alarm: any Alarm
  /// `nil`: this host runs none.
  let containers: (any ContainerAccess)?
  /// The names of this daemon's hosts of containers.
  let hosts: Set<String>
  let attachments: Attachments
  let retrying: Retrying
  let log: Logger
  /// Rung when something was written that may change what is attached.
  let bell = Bell()
  private let watch = AttachmentWatch()

  init(
    store: any Store, clock: any WallClock, alarm: any Alarm, containers: (any ContainerAccess)?, hosts: Set<String>,
    attachments: Attachments, retrying: Retrying, log: Logger
  ) {
    self.store = store
    self.clock = clock
    self.alarm = alarm
    self.containers = containers
    self.hosts = hosts
    self.attachments = attachments
    self.retrying = retrying
    self.log = log
  }

  /// Brings the containers of this host to what the books say, whenever something is written that may change it, a bound
  /// passes, or a while has gone by.
  ///
  /// - Parameter ticks: rung every while.
  func follow(_ ticks: Bell) async {
    guard containers != nil else { return }
    await withDiscardingTaskGroup { group in
      group.addTask { for await _ in ticks.rings() { self.bell.ring() } }
      for await _ in bell.rings() {
        // Each for itself: a container that cannot be reached now holds up no other.
        for container in await containersWhenReadable() where watch.begin(container) {
          group.addTask {
            await self.settle(container)
            if self.watch.end(container) { self.bell.ring() }
          }
        }
      }
    }
  }

  private func containersWhenReadable() async -> [LeaseID] {
    let found = Mutex<[LeaseID]>([])
    await retrying.again("looking at attachments") {
      let read = try await self.here().map(\.attachment.container)
      found.withLock { $0 = read }
    }
    return found.withLock { $0 }
  }

  /// The same once, to the end.
  public func settleAll(of disk: LeaseID? = nil) async throws {
    await settle(try await here(of: disk).map(\.attachment.container))
  }

  /// The same for these.
  func settle(_ containers: [LeaseID]) async {
    await withTaskGroup(of: Void.self) { group in
      for container in containers { group.addTask { await self.settle(container) } }
    }
  }

  private func here(of disk: LeaseID? = nil) async throws -> [AttachmentSnapshot] {
    let found = try await store.transaction { tx in try tx.openAttachments(of: disk) }.filter { snapshot in
      snapshot.container?.placement.map { hosts.contains($0.host) } ?? true
    }
    if disk == nil { watch.watch(Set(found.flatMap { [$0.attachment.container, $0.attachment.disk] })) }
    if let next = found.compactMap(\.attachment.validUntil).filter({ $0 > clock.now() }).min() {
      alarm.set(noLaterThan: next)
    }
    return found
  }

  private func settle(_ container: LeaseID) async {
    do {
      // Read again: it may have been a while.
      guard let snapshot = try await store.transaction({ tx in try tx.attachment(in: container) }) else { return }
      guard snapshot.attachment.endedAt == nil, let containers else { return }
      let attachment = snapshot.attachment
      switch attachments.verdict(on: snapshot, at: clock.now()) {
      case .attached:
        // What is being made is made with it.
        guard snapshot.container?.lease.isMade ?? false else { return }
        let disk = AttachedDisk(lease: attachment.disk, isReadOnly: attachment.isReadOnly)
        try await containers.setDisk(disk, of: container)
      case .withdrawn:
        try await containers.setDisk(nil, of: container)
      case .over(let ending):
        try await containers.setDisk(nil, of: container)
        let now = clock.now()
        try await store.transaction { tx in try tx.endAttachment(of: container, ending, at: now) }
        log.info(
          "attachment ended",
          metadata: ["lease": "\(container)", "disk": "\(attachment.disk)", "cause": "\(ending.rawValue)"])
      }
    } catch let error as DriverError where error.kind == .absent {
      await forget(container)
    } catch {
      log.warning(
        "an attachment could not be settled and is tried again",
        metadata: ["lease": "\(container)", "error": "\(error)"])
    }
  }

  /// There is no such container on the host: nothing has the disk. One that is over is written down as such.
  private func forget(_ container: LeaseID) async {
    do {
      let now = clock.now()
      try await store.transaction { tx in
        guard let snapshot = try tx.attachment(in: container),
          case .over(let ending) = attachments.verdict(on: snapshot, at: now)
        else { return }
        try tx.endAttachment(of: container, ending, at: now)
      }
    } catch {
      log.warning("an attachment's end was not written", metadata: ["lease": "\(container)", "error": "\(error)"])
    }
  }

  /// Before a disk is frozen or destroyed: who has it mounted is parted from it. Waits a few seconds at the most; what
  /// is not done by then goes on being tried beside.
  func part(from disk: LeaseID) async {
    guard containers != nil else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        do {
          try await self.settleAll(of: disk)
        } catch {
          self.log.warning("attachments could not be read", metadata: ["lease": "\(disk)", "error": "\(error)"])
        }
      }
      group.addTask {
        // Cancelled when the other is done.
        _ = await Deadlines.shared.wait(.seconds(5))
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// What the change of a lease may mean for an attachment.
  func note(_ lease: LeaseID) {
    if watch.isWatched(lease) { bell.ring() }
  }
}

/// Which attachments are being looked at in this process, and whose leases matter to them.
private final class AttachmentWatch: Sendable {
  private struct State {
    var leases: Set<LeaseID> = []
    /// Whether somebody came meanwhile.
    var busy: [LeaseID: Bool] = [:]
  }
  private let state = Mutex(State())

  func watch(_ leases: Set<LeaseID>) { state.withLock { $0.leases = leases } }
  func isWatched(_ lease: LeaseID) -> Bool { state.withLock { $0.leases.contains(lease) } }

  /// False while another is at it; who is told so is remembered.
  func begin(_ container: LeaseID) -> Bool {
    state.withLock { state in
      guard state.busy[container] != nil else {
        state.busy[container] = false
        return true
      }
      state.busy[container] = true
      return false
    }
  }

  /// Whether it is to be looked at again.
  func end(_ container: LeaseID) -> Bool {
    state.withLock { $0.busy.removeValue(forKey: container) ?? false }
  }
}
