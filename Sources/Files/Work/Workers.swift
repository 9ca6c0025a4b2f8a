import HTTPServing
import Ledger
import NIOCore

/// The threads on which files are touched and XML is read and written: never an event loop, never the cooperative pool.
///
/// Each sort of work has threads of its own, and leases take turns at them: whatever one renter asks for, and however
/// often, others wait for a few short pieces of his work at the most.
public enum Workers {
  private static let files = Lane(threads: 16, each: 4, longest: 1_024)
  private static let listings = Lane(threads: 4, each: 1, longest: 256)
  /// One for each lease that is at it; ``turns`` says how many of them work at a time.
  private static let trees = Lane(threads: 64, each: 1, longest: 16)
  private static let turns = Turnstile(open: 4, slice: .milliseconds(20))

  /// A few calls on one file.
  public static func file<Result: Sendable>(
    for lease: LeaseID, _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await files.run(for: lease, body)
  }

  /// A piece of a folder's listing: some hundred names, or some hundred kibibytes of text.
  public static func listing<Result: Sendable>(
    for lease: LeaseID, _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await listings.run(for: lease, body)
  }

  /// Work whose length is the renter's choice: one at a time of each lease, in slices. It leaves the queue when its
  /// client goes.
  ///
  /// - Parameters:
  ///   - channel: the client's connection.
  ///   - serving: whether the lease still serves.
  ///   - body: given what to ask between its pieces: raised when the client has gone or the lease stops.
  public static func tree<Result: Sendable>(
    for lease: LeaseID, over channel: any Channel, while serving: @escaping @Sendable () -> Bool,
    _ body: @escaping @Sendable (StopSign) throws -> Result
  ) async throws -> Result {
    let farewell = Farewell()
    return try await HangUpWatch.watching(channel, { farewell.say() }) {
      try await trees.run(for: lease, until: farewell) {
        try turns.pass { turn in
          try body(StopSign(pause: { turn.pause() }) { farewell.isSaid || !serving() })
        }
      }
    }
  }

  /// Nobody waits for it.
  public static func later(for lease: LeaseID, _ body: @escaping @Sendable (StopSign) -> Void) {
    trees.later(for: lease) {
      turns.pass { turn in body(StopSign(pause: { turn.pause() }) { false }) }
    }
  }
}
