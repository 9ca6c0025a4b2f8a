/// One of the host's routes.
public struct HostRoute: Hashable, Sendable {
  public var interface: String
  public var range: IPv4Range

  public func isOurs(_ plan: AddressPlan) -> Bool { plan.home(named: interface) != nil }

  /// All lines of `/proc/net/route`, whose numbers are hexadecimal and of this machine's byte order. A line that cannot be
  /// read is left out.
  public static func all(in text: String) -> [HostRoute] {
    text.split(separator: "\n").compactMap { line in
      let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
      guard fields.count >= 8, let first = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16) else {
        return nil
      }
      let address = IPv4Address(bits: UInt32(bigEndian: first))
      guard let range = IPv4Range("\(address)/\(UInt32(bigEndian: mask).nonzeroBitCount)") else { return nil }
      return HostRoute(interface: String(fields[0]), range: range)
    }
  }
}
