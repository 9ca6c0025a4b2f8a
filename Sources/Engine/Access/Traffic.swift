/// What went through a door since it was last told. Bodies only: headers are free.
public struct Traffic: Hashable, Sendable {
  public var requests: Int64
  /// Bytes from the client.
  public var ingress: Int64
  /// Bytes to the client.
  public var egress: Int64

  public init(requests: Int64 = 0, ingress: Int64 = 0, egress: Int64 = 0) {
    self.requests = requests
    self.ingress = ingress
    self.egress = egress
  }

  public static func += (sum: inout Traffic, more: Traffic) {
    sum.requests += more.requests
    sum.ingress += more.ingress
    sum.egress += more.egress
  }
}
