import L402
import Leasing
import Ledger

/// What memory alone can say (a read-through cache in front of the same questions): for who cannot wait, such as an event
/// loop. Nothing is refused here: `nil` means that the question is to be asked in full, which then says why.
///
/// As fresh as what doors are told: a lease that was written is forgotten, a credential that was revoked is known, and
/// while other daemons cannot be heard nothing is believed.
public struct Remembered: Sendable {
  let clock: any WallClock
  let credentials: Credentials
  let doors: DoorCache
  let containers: ContainerDoor

  /// What ``Engine/introspect(_:)`` answers.
  public func introspected(_ caller: Caller) -> VerifiedCredential? {
    credentials.credentialAsRemembered(of: caller)
  }

  /// What ``Reader/lease(_:_:)`` answers, with the credential that was shown. `nil` for a container in service as well: its host
  /// is asked how it stands.
  public func lease(
    _ id: LeaseID, _ caller: Caller
  ) -> (record: LeaseRecord, credential: VerifiedCredential)? {
    guard let shown = introspected(caller), shown.isFor(lease: id.description),
      let record = doors.record(of: id, paidBy: shown.paymentHash), !containers.isInService(record),
      shown.isFor(variant: record.lease.terms.soldAs)
    else { return nil }
    do throws(PermissionRefusal) {
      try shown.require(LeaseAction.look.needs, method: caller.method, source: caller.address)
    } catch {
      return nil
    }
    return (record.charged(to: clock.now()), shown)
  }
}
