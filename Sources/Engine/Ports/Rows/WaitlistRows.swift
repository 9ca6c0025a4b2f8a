import Ledger
import Macaroons
import Units

/// Who waits for places, in order.
public protocol WaitlistRows: AnyObject {
  /// Whoever asks is alone with the waitlist until the transaction ends: places are given in order, by one daemon at a
  /// time, and bounds hold.
  func lockWaitlist() throws
  /// How many wait for this offer, and how many entries the client has that may still come to something, or whose place
  /// was offered within a day and not paid for.
  func waitlistCounts(offer: String, client: String, at now: Instant) throws -> (waiting: Int, ofClient: Int)
  func joinWaitlist(_ entry: WaitlistEntry) throws
  /// `nil`: there is none.
  func waitlistEntry(_ secret: Bytes32) throws -> WaitlistEntry?
  /// How many wait for the same offer up to this one.
  func waitlistPosition(of entry: WaitlistEntry, at now: Instant) throws -> Int64
  /// The first that waits for each offer, oldest first.
  func firstWaiting(at now: Instant) throws -> [WaitlistEntry]
  /// The place is offered as this quote, asked for with the entry's body.
  func offerPlace(_ entry: WaitlistEntry, as lease: LeaseID, at now: Instant) throws
  /// `false`: it was not waiting any more.
  func leaveWaitlist(_ secret: Bytes32) throws -> Bool
  /// All that are kept, oldest first.
  func waitlist(limit: Int) throws -> [WaitlistEntry]
}
