import NIOPosix

/// The threads on which files are touched: never an event loop, never the cooperative pool.
///
/// They live as long as the process. Work on whole trees has threads of its own, so that a renter who deletes a million
/// files holds up only others who do.
enum Workers {
  private static let files = started(16)
  private static let trees = started(4)

  private static func started(_ count: Int) -> NIOThreadPool {
    let pool = NIOThreadPool(numberOfThreads: count)
    pool.start()
    return pool
  }

  /// A few calls on one file.
  static func file<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await files.runIfActive(body)
  }

  /// Work whose length is the renter's choice.
  static func tree<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await trees.runIfActive(body)
  }

  /// Nobody waits for it.
  static func later(_ body: @escaping @Sendable () -> Void) {
    trees.submit { _ in body() }
  }
}
