import NIOCore

/// How many connections there may be, and for how long one may say nothing.
public struct ConnectionRules: Sendable {
  /// In all. When there are so many, one that is not being answered makes room: the one that is so for longest. When
  /// all are being answered a new one is closed.
  public var most: Int
  /// The same for one client: an IPv4 address, or an IPv6 network of 48 bits.
  public var mostOfOneClient: Int
  /// Addresses that speak for many clients, as proxies do: only ``most`` counts for them.
  public var isExempt: @Sendable (_ address: String) -> Bool
  /// Addresses of the machine itself get in when ``most`` is reached, up to 16: the operator has to, then more than ever.
  public var isOperator: @Sendable (_ address: String) -> Bool = { $0 == "::1" || $0.hasPrefix("127.") }
  static let reserve = 16
  /// A new connection's first request has come to the end of its headers by then, or it is closed.
  public var firstHead: TimeAmount
  /// For how long a connection may do nothing between requests, within one, and while an answer waits to be taken.
  public var idle: TimeAmount

  public init(
    most: Int = 4_096, mostOfOneClient: Int = 256, isExempt: @escaping @Sendable (String) -> Bool = { _ in false },
    firstHead: TimeAmount = .seconds(15), idle: TimeAmount = .seconds(60)
  ) {
    self.most = most
    self.mostOfOneClient = mostOfOneClient
    self.isExempt = isExempt
    self.firstHead = firstHead
    self.idle = idle
  }

  /// Rules for a process that may have so many descriptors open: a connection needs up to two (itself, and a file it
  /// sends or takes), and as many again are left to drivers, metering, the database and the operator.
  public static func within(descriptors: Int) -> ConnectionRules {
    let most = min(max((descriptors - 256) / 4, 64), 16_384)
    return ConnectionRules(most: most, mostOfOneClient: min(max(most / 4, 32), 256))
  }
}
