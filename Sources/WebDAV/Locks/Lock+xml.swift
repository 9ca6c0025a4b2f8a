import Ledger

extension LockTable.Lock {
  /// The `activelock` element (RFC 4918 §14.1), with the prefix `D` bound to `DAV:`.
  func activeLock(lease: LeaseID) -> String {
    "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:\(isExclusive ? "exclusive" : "shared")/>"
      + "</D:lockscope><D:depth>\(isDeep ? "infinity" : "0")</D:depth>\(owner)"
      + "<D:timeout>Second-\(seconds)</D:timeout><D:locktoken><D:href>\(token)</D:href></D:locktoken>"
      + "<D:lockroot><D:href>\(Target.href(lease, path.segments, folder: false))</D:href></D:lockroot></D:activelock>"
  }
}
