import Engine
import Postgres
import Units

extension PostgresTransaction {
  func nodeStanding(of node: String) throws -> (standing: NodeStanding, seenAt: Instant)? {
    try db.pointee.first(
      """
      SELECT trouble_since, back_at, released_at, follower_failing_since, seen_at, cursor_ahead_at
        FROM node_standing WHERE node = $1
      """, node
    ) {
      let standing = NodeStanding(
        troubleSince: try $0.optionalInstant(0), backAt: try $0.optionalInstant(1),
        releasedAt: try $0.optionalInstant(2), followerFailingSince: try $0.optionalInstant(3),
        cursorAheadAt: try $0.optionalInstant(5))
      return (standing, try $0.instant(4))
    }
  }

  func setNodeStanding(_ standing: NodeStanding, of node: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO node_standing (node, trouble_since, back_at, released_at, follower_failing_since, seen_at,
                                 cursor_ahead_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (node) DO UPDATE
        SET trouble_since = excluded.trouble_since, back_at = excluded.back_at, released_at = excluded.released_at,
            follower_failing_since = excluded.follower_failing_since, seen_at = excluded.seen_at,
            cursor_ahead_at = excluded.cursor_ahead_at
      """, node, standing.troubleSince?.timestamp, standing.backAt?.timestamp, standing.releasedAt?.timestamp,
      standing.followerFailingSince?.timestamp, now.timestamp, standing.cursorAheadAt?.timestamp)
  }
}
