import Engine
import Leasing
import Ledger
import Postgres
import Units

extension PostgresTransaction {
  func insertMove(_ record: CreditMoveRecord) throws {
    let move = record.move
    try db.pointee.execute(
      """
      INSERT INTO credit_move (id, from_lease, to_lease, msat, asked_msat, at) VALUES ($1, $2, $3, $4, $5, $6)
      """, move.id, move.from.uuid, move.to.uuid, move.amount.count, record.asked?.count, record.at.timestamp)
  }

  func move(_ id: String) throws -> CreditMoveRecord? {
    try db.pointee.first("SELECT from_lease, to_lease, msat, asked_msat, at FROM credit_move WHERE id = $1", id) {
      row in
      CreditMoveRecord(
        move: CreditMove(id: id, from: try row.lease(0), to: try row.lease(1), amount: try row.msat(2)),
        asked: row.isNull(3) ? nil : try row.msat(3), at: try row.instant(4))
    }
  }
}
