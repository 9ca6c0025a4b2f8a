import Engine
import L402
import Ledger
import Logging
import Postgres
import Units

/// `Engine.Store` on PostgreSQL.
public final class PostgresStore: Store {
  public let pool: Pool
  private let reserve: Pool
  private let listening: String
  private let log: Logger

  /// The channel that every commit of interest is told on.
  static let channel = "leasehold"

  /// What the sessions of its pools are to be given, so that plans do not depend on luck. A session plans a statement
  /// once, perhaps when its tables are empty or were never counted, and keeps that plan: read through and joined by
  /// hashing, what was empty costs n² when a burst comes. Every statement on the way of a request, a ring or a tick has
  /// an index for its shape, and its order; so what reads whole tables, or sorts what it read, is told to be dear. The
  /// few that must read them say so with ``PostgresTransaction/readsWholeTables()``. Compiling would be paid for the sake of costs that are made up.
  public static let planning = [
    "enable_seqscan": "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
    "enable_sort": "off", "jit": "off", "plan_cache_mode": "force_generic_plan",
  ]

  /// - Parameters:
  ///   - pool: for transactions.
  ///   - reserve: for what keeps time, so that requests cannot make it wait; where there is none, it shares.
  ///   - listening: the connection string of the connection that listens.
  public init(pool: Pool, reserve: Pool? = nil, listening: String, log: Logger) {
    self.pool = pool
    self.reserve = reserve ?? pool
    self.listening = listening
    self.log = log
  }

  public func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T { try await Self.transaction(on: pool, body) }

  public func reserved<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T { try await Self.transaction(on: reserve, body) }

  private static func transaction<T: Sendable>(
    on pool: Pool, _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    do {
      return try await pool.transaction { session in
        try withUnsafePointer(to: session) { pointer in
          let transaction = PostgresTransaction(pointer)
          defer { transaction.end() }
          return try body(transaction)
        }
      }
    } catch let error as PostgresError {
      throw StoreError(error)
    }
  }

  public func databaseTime() async throws -> Instant {
    do {
      return try await reserve.withConnection { session in
        try session.first("SELECT clock_timestamp()") { Instant(microseconds: try $0.timestamp(0)) }
      } ?? Instant(microseconds: 0)
    } catch let error as PostgresError {
      throw StoreError(error)
    }
  }

  public func changes() -> AsyncStream<StoreChange> {
    let listener = Listener(connection: listening, channels: [PostgresStore.channel], logger: log)
    return AsyncStream { continuation in
      let hearing = Task {
        for await event in listener.events {
          switch event {
          case .listening: break
          case .reconnected, .overflowed: continuation.yield(.interrupted)
          case .notification(let notification):
            for change in StoreChange.read(notification.payload) { continuation.yield(change) }
          }
        }
        continuation.finish()
      }
      // A heartbeat that succeeded proves that everything committed before it has been heard.
      let beating = Task {
        while !Task.isCancelled {
          do {
            try await listener.heartbeat(timeout: .seconds(1))
            continuation.yield(.heartbeat)
          } catch {
            continuation.yield(.interrupted)
          }
          guard await Deadlines.shared.wait(.milliseconds(700)) else { return }
        }
      }
      continuation.onTermination = { _ in
        hearing.cancel()
        beating.cancel()
        listener.close()
      }
    }
  }
}

extension StoreError {
  init(_ error: PostgresError) {
    switch error.kind {
    case .connectionFailed, .connectionLost, .acquireTimeout, .closed:
      self.init(.unavailable, error.description)
    case .commitOutcomeUnknown:
      self.init(.outcomeUnknown, error.description)
    case .server:
      if error.sqlState == .uniqueViolation {
        self.init(.conflict, error.description)
      } else if error.sqlState?.errorClass == "23" {
        self.init(.invariant, error.description)
      } else if error.sqlState?.errorClass == "57" || error.sqlState?.errorClass == "08" {
        self.init(.unavailable, error.description)
      } else {
        self.init(.failed, error.description)
      }
    case .transactionAborted, .decoding, .misuse:
      self.init(.failed, error.description)
    }
  }
}
