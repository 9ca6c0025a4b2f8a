import Engine
import L402
import Postgres

extension PostgresTransaction {
  func insertPasswordGrant(_ grant: PasswordGrant) throws {
    try db.pointee.execute(
      "INSERT INTO password_grant (login, token, caveats) VALUES ($1, $2, $3)", grant.user, grant.token.bytes.array,
      try JSON.encode(grant.caveats))
  }

  func passwordGrant(of user: String) throws -> PasswordGrant? {
    try db.pointee.first(
      """
      SELECT g.token, t.payment_hash, g.caveats FROM password_grant g JOIN credential_token t ON t.id = g.token
       WHERE g.login = $1
      """, user
    ) {
      PasswordGrant(
        user: user, token: try $0.token(0), paymentHash: try $0.paymentHash(1), caveats: try $0.json(2))
    }
  }
}
