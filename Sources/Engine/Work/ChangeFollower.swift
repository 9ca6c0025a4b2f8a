import Ledger
import Logging

/// Takes in what other daemons committed (a change feed), and knows whether we can be told at all.
struct ChangeFollower: Sendable {
  let store: any Store
  let doors: DoorCache
  let watch: LeaseWatch
  let revocations: Revocations
  let keys: KeyEpochs
  let attachments: AttachmentKeeper
  let alarm: any Alarm
  let bell: Bell
  let log: Logger

  /// For as long as the task lives.
  func follow() async {
    for await change in store.changes() {
      await take(change)
    }
  }

  private func take(_ change: StoreChange) async {
    switch change {
    case .lease(let id, let version):
      doors.invalidate(id, below: version)
      attachments.note(id)
      watch.announce(id)
    case .due(let moment):
      alarm.set(noLaterThan: moment)
    case .revoked(let token):
      revocations.insert([token])
      attachments.bell.ring()
    case .keys:
      // What cannot be read now is not believed until it can.
      do {
        try await keys.learn()
        watch.announceAll()
        attachments.bell.ring()
      } catch {
        log.error("an epoch of the master key could not be learned", metadata: ["error": "\(error)"])
        doors.listenerWasLost()
      }
    case .event(let id):
      watch.announce(id)
      attachments.note(id)
    case .heartbeat:
      // Hearing again is not knowing again: what was missed is read first.
      if doors.isTrusted {
        doors.listenerIsAlive()
      } else if await catchUp() {
        doors.listenerIsAlive()
      }
    case .interrupted:
      doors.listenerWasLost()
    }
  }

  /// After a lapse of the listener: what was revoked, written or made due meanwhile was not told.
  ///
  /// - Returns: whether that is known now.
  private func catchUp() async -> Bool {
    do {
      try await revocations.learn()
      try await keys.learn()
      watch.announceAll()
      bell.ring()
      return true
    } catch {
      log.warning("changes could not be caught up with", metadata: ["error": "\(error)"])
      return false
    }
  }
}
