import Logging
import Synchronization
import Units

/// Whether the Lightning node is there (a health check): asks it, and remembers what its silence means for the leases.
public final class NodeWatch: Sendable {
  private let node: any LightningNode
  private let health: Health
  private let clock: any WallClock
  private let log: Logger
  /// When somebody was last told in the log that the node fails.
  private let lastComplaint = Mutex<Instant?>(nil)

  init(_ node: any LightningNode, health: Health, clock: any WallClock, log: Logger) {
    self.node = node
    self.health = health
    self.clock = clock
    self.log = log
  }

  /// Asks the node whether it is there.
  @discardableResult
  public func ask() async -> Bool {
    do throws(NodeError) {
      _ = try await node.info()
      health.nodeAnswered(at: clock.now())
      return true
    } catch {
      if !Task.isCancelled { health.nodeFailed(at: clock.now()) }
      return false
    }
  }

  /// It has answered somebody who asked it something else.
  func hasAnswered() { health.nodeAnswered(at: clock.now()) }

  /// Looks whether a node in trouble is back. Settlements are waited for in silence while there are none, so that nothing
  /// else might say so for a long time.
  public func askIfInTrouble() async {
    let health = health.snapshot
    guard !health.nodeIsUp || health.followerFailingSince != nil else { return }
    await ask()
  }

  /// The node's silence, as this daemon knows it; `nil`: it answers.
  public var outage: NodeOutage? {
    let state = health.snapshot
    guard !state.nodeIsUp, let since = state.node?.since, let until = health.sparesForNode(state) else { return nil }
    return NodeOutage(since: since, sparesUntil: until, spares: clock.now() < until)
  }

  /// The node's failure as whoever waits for its answer is told, said in the log and counted as silence where it is one.
  func refusal(for error: NodeError) -> Refusal {
    // While it is away everybody who asks for an invoice would be a line.
    let now = clock.now()
    let isNews = lastComplaint.withLock { last in
      if let said = last, said <= now, now < said + 10 { return false }
      last = now
      return true
    }
    log.log(
      level: isNews ? .warning : .debug, "the Lightning node failed",
      metadata: ["node": "\(node.name)", "kind": "\(error.kind.rawValue)", "attempted": "\(error.attempted)"])
    if error.kind == .unavailable { health.nodeFailed(at: clock.now()) }
    return .unavailable(retryAfter: 5, "the Lightning node cannot make an invoice now")
  }
}
