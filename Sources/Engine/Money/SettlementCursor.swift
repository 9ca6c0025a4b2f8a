import Logging
import Synchronization
import Units

/// How far settlements are taken in (a consumer's offset). One that is ahead of its node is set back: settlements that
/// the node makes from now on would be passed over in silence.
final class SettlementCursor: Sendable {
  private let store: any Store
  private let node: any LightningNode
  private let clock: any WallClock
  private let health: Health
  private let log: Logger
  /// Whether it was compared with the node since the connection to it was last lost.
  private let isCompared = Mutex(false)

  init(store: any Store, node: any LightningNode, clock: any WallClock, health: Health, log: Logger) {
    self.store = store
    self.node = node
    self.clock = clock
    self.health = health
    self.log = log
  }

  /// Compares the cursor with what the node has settled: once at the start, and again whenever the connection was lost,
  /// since that is when a node may have been restored from a backup.
  func compare() async throws {
    guard !isCompared.withLock({ $0 }) else { return }
    let name = node.name
    if let cursor = try await store.transaction({ tx in try tx.cursor(of: name) }) {
      switch try await node.compare(cursor) {
      case .known: break
      case .ahead(let goOn):
        let now = clock.now()
        health.cursorWasAhead(at: now)
        log.error(
          "the node knows less of its settlements than was taken in; they are followed again from where it does",
          metadata: ["node": "\(name)", "cursor": "\(cursor)", "from": "\(goOn ?? "the beginning")"])
        try await store.transaction { tx in
          // Another daemon may have moved it already.
          guard try tx.cursor(of: name) == cursor else { return }
          try tx.setCursor(goOn ?? "beginning", of: name, at: now)
        }
      }
    }
    isCompared.withLock { $0 = true }
  }

  /// The connection was lost: who answers next may be another, or the same with less in it.
  func forget() { isCompared.withLock { $0 = false } }
}
