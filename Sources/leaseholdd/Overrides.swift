import Synchronization

/// Which variables of the environment the configuration asks for, so that a misspelt one is noticed: it would be meant,
/// and do nothing.
final class Overrides: Sendable {
  static let prefix = "LEASEHOLD_"

  private let asked = Mutex<Set<String>>([])

  func ask(for name: String) { asked.withLock { _ = $0.insert(name) } }

  /// Variables with our prefix that nothing asks for.
  ///
  /// - Parameter environment: after everything was read; before, none has been asked for.
  func unknown(in environment: [String: String]) -> [String] {
    let asked = asked.withLock { $0 }
    return environment.keys
      .filter { name in
        name.hasPrefix(Self.prefix) && !asked.contains(name) && !Self.others.contains(name)
          && !Self.families.contains { name.hasPrefix(Self.prefix + $0) }
      }
      .sorted()
  }

  /// What the daemon reads elsewhere, and what the command line and the scripts read.
  private static let others: Set<String> = [
    "LEASEHOLD_ADMIN_TOKEN", "LEASEHOLD_LOG_LEVEL", "LEASEHOLD_HOME", "LEASEHOLD_SERVER", "LEASEHOLD_WALLET",
    "LEASEHOLD_CONFIGURATION", "LEASEHOLD_ROOMS", "LEASEHOLD_SKIP_LOG", "LEASEHOLD_VECTORS",
  ]
  private static let families = ["TEST_", "POSTGRES_", "WALLET_", "BENCH_"]
}
