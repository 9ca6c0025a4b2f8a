import L402
import Leasing
import Ledger
import Units

/// The database, as the engine needs it.
///
/// Several daemons may share one store; each promise below holds between them, and killing any of them at any statement
/// loses nothing. There is no clock in it: the moment is always a parameter.
public protocol Store: Sendable {
  /// Runs `body` in one transaction on a connection of its own and commits.
  ///
  /// `body` is synchronous, so that nothing can be awaited while rows are locked, and it may be run again from the
  /// start: serialization failures and deadlocks are retried, at COMMIT too. It must not touch anything but the
  /// transaction. When the connection is lost during COMMIT the outcome is unknown and
  /// ``StoreError/Kind/outcomeUnknown`` is thrown: every use case may be called again with the same event id.
  func transaction<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T

  /// The same on a connection that is kept for what keeps time, heartbeats and deadlines: no request can make it wait. It
  /// gives up soon where the database keeps silent, and what it finds out counts for everybody.
  func reserved<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T

  /// What a door or a challenge needs to know, in one statement that writes and locks nothing; `nil` when there is no
  /// such lease. Sees everything that was committed before it was asked.
  func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot?

  /// What other daemons (and this one) committed, as it happens. Never complete: after `.interrupted` anything may have
  /// been missed.
  func changes() -> AsyncStream<StoreChange>

  /// The database's clock, to compare ours with.
  func databaseTime() async throws -> Instant
}

extension Store {
  public func reserved<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T { try await transaction(body) }
}

public enum StoreChange: Hashable, Sendable {
  /// The lease was written; its cached view is stale when older than this version.
  case lease(LeaseID, version: Int64)
  /// A deadline or an effect earlier than known may be waiting.
  case due(Instant)
  case revoked(TokenID)
  /// An epoch of the master key was begun or retired.
  case keys
  /// A lease's event feed has grown.
  case event(LeaseID)
  /// The listening connection answered a round trip that began after this moment of the monotonic clock, which the
  /// receiver reads itself: "alive now".
  case heartbeat
  /// The listening connection was lost; changes may have been missed until the next heartbeat.
  case interrupted
}

/// What can be asked for and written inside one transaction, table by table. Reads see the transaction's own writes.
/// A service that needs two tables asks for `any LeaseRows & OutboxRows`, and can reach no other.
public protocol StoreTransaction:
  AddressRows, AttachmentRows, CapacityRows, ContactRows, CreditRows, DaemonRows, DeliveryRows, InvoiceRows, KeyRows,
  LeaseRows, LedgerRows, OutageCreditRows, OutboxRows, PayoutRows, QuoteRows, RateRows, TokenRows, UsageRows,
  WaitlistRows, WalletRows
{}

public struct StoreError: Error, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable {
    /// The database cannot be reached now, or did not answer in time.
    case unavailable
    /// The connection was lost during COMMIT.
    case outcomeUnknown
    /// Another writer was first.
    case conflict
    /// A constraint said no: a broken invariant of ours.
    case invariant
    case failed
  }
  public var kind: Kind
  public var words: String

  public init(_ kind: Kind, _ words: String) {
    self.kind = kind
    self.words = words
  }

  public var description: String { "store: \(kind.rawValue): \(words)" }
}
