import Glibc
import HTTPAPI
import HTTPServing

extension Configuration.HTTP {
  /// What is configured, within what this process may have open. A proxy speaks for many clients and bounds them itself.
  var connectionRules: ConnectionRules {
    var rules = ConnectionRules.within(descriptors: Self.descriptors)
    if let connections { rules.most = connections }
    if let connectionsPerClient { rules.mostOfOneClient = connectionsPerClient }
    rules.isExempt = { [trustedProxies] in trustedProxies.trusts(peer: $0) }
    return rules
  }

  /// The limit of open files, as it stands.
  private static var descriptors: Int {
    var files = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0 else { return 1_024 }
    return Int(clamping: files.rlim_cur)
  }
}
