/// What stands about a code in `docs/problems.md`.
public struct ProblemPage: Hashable, Sendable {
  public var code: ProblemCode
  /// The HTTP statuses that it comes with, in order.
  public var statuses: [Int]
  public var meaning: String
  /// What whoever asked can do.
  public var remedy: String

  init(_ code: ProblemCode, _ statuses: [Int], _ meaning: String, _ remedy: String) {
    self.code = code
    self.statuses = statuses
    self.meaning = meaning
    self.remedy = remedy
  }

  /// Pages about one thing.
  public struct Chapter: Hashable, Sendable {
    public var title: String
    public var overview: String
    public var pages: [ProblemPage]
  }

  /// Every code once.
  public static let all: [Chapter] = [
    .requests, .credentials, .leases, .money, .containers, .files, .provider,
  ]
}
