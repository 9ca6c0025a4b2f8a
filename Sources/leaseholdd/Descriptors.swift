import Glibc
import Logging

/// How many files, sockets and pipes this process may have open.
enum Descriptors {
  /// What no connection may take: the database, the node, meters, commands in containers and the operator need them.
  static let reserve = 2_048

  /// Raises the soft limit to the hard one. The soft one is 1,024 nearly everywhere, for programs that use select(2).
  ///
  /// - Returns: what may be open now.
  @discardableResult
  static func raiseLimit(_ log: Logger) -> Int {
    var limit = rlimit()
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(files, &limit) == 0 else { return 1_024 }
    let before = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    if before < limit.rlim_max, setrlimit(files, &limit) != 0 {
      log.warning(
        "the limit of open files could not be raised",
        metadata: ["soft": "\(before)", "hard": "\(limit.rlim_max)"])
      return Int(clamping: before)
    }
    if limit.rlim_max < 4 * UInt(reserve) {
      log.warning(
        "few files may be open at once: raise the hard limit (LimitNOFILE)", metadata: ["hard": "\(limit.rlim_max)"])
    }
    return Int(clamping: limit.rlim_max)
  }
}
