import Logging
import Units

/// Whether a request for a lease could be answered now.
public struct Readiness: Hashable, Sendable {
  /// It has taken a write.
  public var database: Bool
  public var node: Bool
}

/// Answers whether we are ready (a readiness probe), in a bounded time.
public struct ReadinessProbe: Sendable {
  /// Nobody who asks whether we are ready waits longer.
  private static let patience = Duration.milliseconds(800)

  let heartbeat: Heartbeat
  let node: NodeWatch
  let health: Health
  let log: Logger

  /// From what is known: asks nobody and waits for nothing. `nil` when not enough is known.
  public var asKnown: Readiness? {
    heartbeat.takesWrites.map { Readiness(database: $0, node: health.snapshot.nodeIsUp) }
  }

  /// Within a second: where it is not known that the database takes a write, one is tried; and the node is asked, for as
  /// long as there is time.
  public func ask() async -> Readiness {
    async let database = databaseTakesWrites()
    async let node = nodeAnswers()
    return await Readiness(database: database, node: node)
  }

  private func databaseTakesWrites() async -> Bool {
    if let known = heartbeat.beginProbing() { return known }
    let (outcome, sink) = AsyncStream<Bool>.makeStream()
    Task {
      defer { sink.finish() }
      do {
        try await heartbeat.beat()
        sink.yield(true)
      } catch {
        log.debug("no write could be proved", metadata: ["error": "\(error)"])
        sink.yield(false)
      }
      heartbeat.endProbing()
    }
    return await first(of: outcome) ?? false
  }

  private func nodeAnswers() async -> Bool {
    let (outcome, sink) = AsyncStream<Bool>.makeStream()
    let asking = Task {
      sink.yield(await node.ask())
      sink.finish()
    }
    defer { asking.cancel() }
    return await first(of: outcome) ?? health.snapshot.nodeIsUp
  }

  private func first(of outcome: AsyncStream<Bool>) async -> Bool? {
    // It throws nothing but being cancelled, which is no answer.
    let found = try? await Deadlines.shared.within(Self.patience) { () -> Bool? in
      for await one in outcome { return one }
      return nil
    }
    return found ?? nil
  }
}
