import Leasing
import Ledger
import Units

/// Meters: readings, windows and what they were rated at.
public protocol UsageRows: AnyObject {
  /// Takes readings in: differences to the last reading of each (lease, incarnation, meter) become windows. A lost
  /// reading heals with the next, a repeated one changes nothing.
  func ingest(_ readings: [MeterReading], at now: Instant) throws
  func usage(of lease: LeaseID, after window: Instant?, limit: Int) throws -> [UsageWindow]
  /// Closed windows (ended before `closedBefore`) that were not rated, oldest first, at most `limit`, their lease rows
  /// locked in the order of their ids; passes over leases locked by others.
  func lockUnratedUsage(closedBefore: Instant, of lease: LeaseID?, limit: Int) throws -> [UnratedUsage]
  /// Marks windows as rated, with what each was charged and the allowance used so far.
  func markRated(_ windows: [RatedWindow]) throws
  /// When anything last moved through a lease's doors or its processor; nothing for one where nothing ever did.
  func lastUses(of leases: [LeaseID]) throws -> [LeaseID: Instant]
}
