import Leasing
import Units

/// Daemons, gaps in their service, and counts over everything.
public protocol DaemonRows: AnyObject {
  /// Says that this daemon is alive, and returns the last moment at which any was before.
  func beat(daemon: String, at now: Instant) throws -> Instant?
  func recordOutage(from: Instant, to: Instant, leapt: Bool) throws
  /// Outages that ended after `moment`, oldest first; of very many the latest.
  func outages(endedAfter moment: Instant) throws -> [Lease.Outage]
  /// Suspensions decided since `since`, and leases in service: what the circuit breaker weighs.
  func breakerCounts(since: Instant) throws -> (suspensions: Int, inService: Int)
  /// Purchases that could not be made since `since`, by offer and reason; the most first.
  func provisionFailures(since: Instant) throws -> [ProvisionFailures]
  /// Counts of leases by state, for metrics.
  func census() throws -> [Lease.State.Name: Int]
  /// Of every variant that a lease was ever quoted as, swept ones included; by offer and name. Sums what their leases
  /// earned: not for every request.
  func variantFigures() throws -> [VariantFigures]
  /// What was charged from `from` until before `to`, by day (UTC) and offer; the newest day first. Reads the transfers of
  /// that time and no others.
  func earnings(from: Instant, to: Instant) throws -> [Earning]
  /// The terms of an offer, one for each of its variants, that its leases were last told of; `nil`: they never were.
  func announcedTerms(of offer: String) throws -> AnnouncedTerms?
  /// - Parameter now: when the configuration that they stand in was written, where that is known.
  func setAnnouncedTerms(_ terms: [Terms], of offer: String, at now: Instant) throws
  /// Deletes what is past its keeping: closed unpaid quotes and their invoices, old idempotency keys, partitions.
  func sweep(at now: Instant) throws -> Int
}

/// What leases of an offer were last told of.
public struct AnnouncedTerms: Hashable, Sendable {
  /// One for each of its variants.
  public var terms: [Terms]
  /// When the configuration that they stand in was written, or they were announced.
  public var at: Instant

  public init(_ terms: [Terms], at: Instant) {
    self.terms = terms
    self.at = at
  }
}
