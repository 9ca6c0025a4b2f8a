/// Bytes that went through an interface since it was made.
public struct InterfaceCounters: Hashable, Sendable {
  public var received: Int64
  public var sent: Int64

  public init(received: Int64, sent: Int64) {
    self.received = received
    self.sent = sent
  }

  /// All interfaces of `/proc/net/dev` (proc_pid_net(5)), by name. A line that cannot be read is left out.
  public static func all(in text: String) -> [String: InterfaceCounters] {
    var found: [String: InterfaceCounters] = [:]
    for line in text.split(separator: "\n") {
      guard let colon = line.lastIndex(of: ":") else { continue }
      let name = line[..<colon].drop { $0 == " " }
      let numbers = line[line.index(after: colon)...].split(separator: " ")
      // Eight of what came, eight of what went; bytes first.
      guard numbers.count >= 16, let received = Int64(numbers[0]), let sent = Int64(numbers[8]) else { continue }
      found[String(name)] = InterfaceCounters(received: received, sent: sent)
    }
    return found
  }
}
