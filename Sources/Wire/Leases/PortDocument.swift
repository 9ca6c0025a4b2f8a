/// A port of a container, and who comes to it through the gateway. A number alone is a port for holders of the lease's
/// credential.
public struct PortDocument: Hashable, Sendable, Codable, ExpressibleByIntegerLiteral {
  /// 1 to 65535.
  public var port: Int
  /// `credential` or `public`.
  public var access: String

  public init(port: Int, access: String = "credential") {
    self.port = port
    self.access = access
  }

  public init(integerLiteral port: Int) { self.init(port: port) }

  private enum CodingKeys: String, CodingKey {
    case port
    case access
  }

  public init(from decoder: any Decoder) throws {
    if let container = try? decoder.singleValueContainer(),  // Or a number has none: then it is no object either.
      let port = try? container.decode(Int.self)  // It is an object.
    {
      self.init(port: port)
      return
    }
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      port: try fields.decode(Int.self, forKey: .port),
      access: try fields.decodeIfPresent(String.self, forKey: .access) ?? "credential")
  }
}
