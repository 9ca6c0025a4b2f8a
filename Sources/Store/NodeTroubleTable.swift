import Engine
import Postgres
import Units

extension PostgresTransaction {
  func nodeTrouble(of node: String) throws -> (trouble: NodeTrouble, seenAt: Instant)? {
    try db.pointee.first(
      """
      SELECT trouble_since, back_at, released_at, follower_failing_since, seen_at, cursor_ahead_at
        FROM node_standing WHERE node = $1
      """, node
    ) {
      let trouble = NodeTrouble(
        troubleSince: try $0.optionalInstant(0), backAt: try $0.optionalInstant(1),
        releasedAt: try $0.optionalInstant(2), followerFailingSince: try $0.optionalInstant(3),
        cursorAheadAt: try $0.optionalInstant(5))
      return (trouble, try $0.instant(4))
    }
  }

  func setNodeTrouble(_ trouble: NodeTrouble, of node: String, at now: Instant) throws {
    try db.pointee.execute(
      """
      INSERT INTO node_standing (node, trouble_since, back_at, released_at, follower_failing_since, seen_at,
                                 cursor_ahead_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      ON CONFLICT (node) DO UPDATE
        SET trouble_since = excluded.trouble_since, back_at = excluded.back_at, released_at = excluded.released_at,
            follower_failing_since = excluded.follower_failing_since, seen_at = excluded.seen_at,
            cursor_ahead_at = excluded.cursor_ahead_at
      """, node, trouble.troubleSince?.timestamp, trouble.backAt?.timestamp, trouble.releasedAt?.timestamp,
      trouble.followerFailingSince?.timestamp, now.timestamp, trouble.cursorAheadAt?.timestamp)
  }
}
