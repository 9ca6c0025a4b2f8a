import Engine
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func earnings(from: Instant, to: Instant) throws -> [Earning] {
    try readsWholeTables()
    return try db.pointee.query(
      """
      SELECT date_trunc('day', t.at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS day, l.offer,
             coalesce(sum(t.msat) FILTER (WHERE t.credit = 'revenue:time'), 0)::bigint,
             coalesce(sum(t.msat) FILTER (WHERE t.credit = 'revenue:usage'), 0)::bigint,
             count(DISTINCT t.lease)
        FROM ledger_transfer t JOIN lease l ON l.id = t.lease
       WHERE t.at >= $1 AND t.at < $2 AND t.credit IN ('revenue:time', 'revenue:usage')
       GROUP BY day, l.offer ORDER BY day DESC, l.offer
      """, from.timestamp, to.timestamp
    ) {
      Earning(
        day: try $0.instant(0), offer: try $0.string(1), time: try $0.msat(2), usage: try $0.msat(3),
        leases: try $0.int64(4))
    }
  }
}
