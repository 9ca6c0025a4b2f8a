extension LockTable.Lock {
  /// The `activelock` element (RFC 4918 §14.1), with the prefix `D` bound to `DAV:`.
  ///
  /// - Parameters:
  ///   - base: where the addresses of the volume begin for who asks.
  ///   - withOwner: the owner is the client's own text and may be left out.
  func activeLock(base: String, withOwner: Bool = true) -> String {
    "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:\(isExclusive ? "exclusive" : "shared")/>"
      + "</D:lockscope><D:depth>\(isDeep ? "infinity" : "0")</D:depth>\(withOwner ? owner : "")"
      + "<D:timeout>Second-\(seconds)</D:timeout><D:locktoken><D:href>\(token)</D:href></D:locktoken>"
      + "<D:lockroot><D:href>\(Target.href(base, path.segments, folder: false))</D:href></D:lockroot></D:activelock>"
  }
}
