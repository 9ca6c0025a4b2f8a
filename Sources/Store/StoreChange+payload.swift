import Engine
import L402
import Ledger
import Postgres
import Units

/// Notifications are words: `l:<lease>:<version>`, `d:<microseconds>`, `r:<token>`, `k`, several in one payload, which
/// PostgreSQL bounds to 8000 bytes.
extension StoreChange {
  static func read(_ payload: String) -> [StoreChange] {
    payload.split(separator: " ").flatMap { word -> [StoreChange] in
      let parts = word.split(separator: ":")
      switch (parts.first, parts.count) {
      case ("l", 3):
        guard let id = LeaseID(parts[1]), let version = Int64(parts[2]) else { return [] }
        return [.lease(id, version: version), .event(id)]
      case ("d", 2):
        return Int64(parts[1]).map { [.due(Instant(microseconds: $0))] } ?? []
      case ("r", 2):
        return TokenID(hex: parts[1]).map { [.revoked($0)] } ?? []
      case ("k", 1):
        return [.keys]
      default:
        return []
      }
    }
  }

  var word: String {
    switch self {
    case .lease(let id, let version): "l:\(id):\(version)"
    case .due(let moment): "d:\(moment.microseconds)"
    case .revoked(let token): "r:\(token.hex)"
    case .event(let id): "l:\(id):0"
    case .keys: "k"
    case .heartbeat, .interrupted: ""
    }
  }
}

extension PostgresTransaction {
  /// Tells every daemon, with the commit; many changes in few notifications.
  func notify(_ changes: [StoreChange]) throws {
    for payload in Self.payloads(of: changes) { try db.pointee.notify(PostgresStore.channel, payload) }
  }

  static func addNotices(of changes: [StoreChange], to batch: inout Batch) {
    for payload in payloads(of: changes) { batch.add("SELECT pg_notify($1, $2)", PostgresStore.channel, payload) }
  }

  /// As few as may be: a notification carries 8,000 bytes.
  private static func payloads(of changes: [StoreChange]) -> [String] {
    var payloads: [String] = []
    var payload = ""
    for change in changes {
      let word = change.word
      if payload.utf8.count + word.utf8.count > 7_800 {
        payloads.append(payload)
        payload = ""
      }
      if !payload.isEmpty { payload += " " }
      payload += word
    }
    if !payload.isEmpty { payloads.append(payload) }
    return payloads
  }
}
