import Synchronization

/// The connection string as libpq is given it: with what makes a dead line be noticed, and with several hosts in turn.
///
/// libpq goes on to the next host when one refuses, not when one keeps silent: its `connect_timeout` is for its blocking
/// calls alone. So who was silent is put last.
final class HostOrder: Sendable {
  /// How the kernel finds out that the other end is gone: asked after ten seconds of silence, every three seconds, three
  /// times; and what was sent is confirmed within ten seconds.
  private static let defaults = [
    "keepalives": "1", "keepalives_idle": "10", "keepalives_interval": "3", "keepalives_count": "3",
    "tcp_user_timeout": "10000",
  ]
  private static let perHost = ["host", "hostaddr", "port"]

  private let given: String
  private let turn = Atomic<Int>(0)

  init(_ connection: String) {
    given = connection
  }

  func rotate() { turn.add(1, ordering: .relaxed) }

  /// - Throws: `misuse` for text that cannot be parsed.
  func current() throws -> String { try HostOrder.arranged(given, turn: turn.load(ordering: .relaxed)) }

  static func arranged(_ connection: String, turn: Int) throws -> String {
    let string = ConnectionString(connection)
    let settings = try string.settings()
    var changes = defaults.filter { settings[$0.key] == nil }
    let lists = perHost.compactMap { key in
      settings[key].map { (key, $0.split(separator: ",", omittingEmptySubsequences: false)) }
    }
    let count = lists.map(\.1.count).max() ?? 1
    if count > 1 {
      // A fail-over leaves a standby that lets everybody in and refuses every write.
      if settings["target_session_attrs"] == nil { changes["target_session_attrs"] = "read-write" }
      for (key, list) in lists where list.count == count {
        changes[key] = (0..<count).map { list[($0 + turn) % count] }.joined(separator: ",")
      }
    }
    return try string.changing(changes)
  }
}
