import Engine
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  /// Keeps how many there were of what a sweep deletes: quotes nobody paid are half of what is compared. Stands behind
  /// a `gone (offer, variant)`, in the same order for all who sweep at once.
  static let countSweptQuotes = """
    INSERT INTO variant_swept (offer, variant, quotes)
          SELECT offer, variant, count(*) FROM gone WHERE variant IS NOT NULL GROUP BY offer, variant ORDER BY 1, 2
          ON CONFLICT (offer, variant) DO UPDATE SET quotes = variant_swept.quotes + excluded.quotes
    """

  func variantFigures() throws -> [VariantFigures] {
    try readsWholeTables()
    return try db.pointee.query(
      """
      SELECT offer, variant, sum(quoted)::bigint, sum(paid)::bigint, sum(renewed)::bigint, sum(msat)::bigint
        FROM (SELECT l.request ->> 'offer' AS offer, l.sold_as AS variant, 1 AS quoted,
                     EXISTS (SELECT FROM payment p WHERE p.lease = l.id)::integer AS paid,
                     (l.detail ->> 'renewed')::boolean::integer AS renewed,
                     (SELECT coalesce(sum(t.msat), 0) FROM ledger_transfer t
                       WHERE t.lease = l.id AND t.credit IN ('revenue:time', 'revenue:usage')) AS msat
                FROM lease l WHERE l.sold_as IS NOT NULL
              UNION ALL SELECT offer, variant, quotes, 0, 0, 0 FROM variant_swept) figure
       GROUP BY offer, variant ORDER BY offer, variant
      """
    ) {
      VariantFigures(
        offer: try $0.string(0), variant: try $0.string(1), quoted: try $0.int64(2), paid: try $0.int64(3),
        renewed: try $0.int64(4), revenue: try $0.msat(5))
    }
  }
}
