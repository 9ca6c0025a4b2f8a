import Engine
import Leasing
import Postgres
import Units

extension PostgresTransaction {
  func announcedTerms(of offer: String) throws -> AnnouncedTerms? {
    try db.pointee.first("SELECT terms, announced_at FROM offer_announced WHERE offer = $1", offer) {
      AnnouncedTerms(try $0.json(0), at: try $0.instant(1))
    }
  }

  func setAnnouncedTerms(_ terms: [Terms], of offer: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO offer_announced (offer, terms, announced_at) VALUES ($1, $2, $3)
      ON CONFLICT (offer) DO UPDATE SET terms = excluded.terms, announced_at = excluded.announced_at
      """, offer, try JSON.encode(terms), now.timestamp)
  }
}
