/// `/healthz` and `/readyz`.
public struct HealthDocument: Hashable, Sendable, Codable {
  /// `ok` or `unready`.
  public var status: String
  public var checks: [String: String]?

  public init(
    status: String, checks: [String: String]? = nil
  ) {
    self.status = status
    self.checks = checks
  }
}
