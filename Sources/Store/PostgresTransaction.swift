import Engine
import Ledger
import Postgres

/// One transaction, as the engine sees it. The statements are in the files of the tables they change.
///
/// A session can be neither copied nor kept; this holds a pointer to the one that its closure borrows, and gives it
/// up at the end of the closure, so that keeping a transaction traps instead of reaching into a connection that is
/// somebody else's by then.
final class PostgresTransaction: StoreTransaction {
  private var pointer: UnsafePointer<Session>?

  init(_ pointer: UnsafePointer<Session>) {
    self.pointer = pointer
  }

  func end() {
    pointer = nil
  }

  /// Lets the planner read whole tables until the end of the transaction: for the operator's sums over everything.
  func readsWholeTables() throws {
    try db.pointee.script(
      """
      SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_hashjoin = on;
      SET LOCAL enable_mergejoin = on; SET LOCAL enable_sort = on; SET LOCAL plan_cache_mode = force_custom_plan
      """)
  }

  var db: UnsafePointer<Session> {
    guard let pointer else { preconditionFailure("a transaction was kept beyond its closure") }
    return pointer
  }
}
